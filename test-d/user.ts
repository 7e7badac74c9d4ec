// As an application declares its user, for all files of this folder.
declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

export {}
