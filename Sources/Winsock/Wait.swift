public import CWinsock

@c @implementation
public func WaitForSingleObject(_ handle: HANDLE?, _ milliseconds: DWORD) -> DWORD {
  win32(failing: WAIT_FAILED) { () throws(WSAError) in
    let object = try KernelObject.object(UInt(bitPattern: handle))
    return wait(for: [object], all: false, milliseconds)
  }
}

@c @implementation
public func WaitForMultipleObjects(
  _ count: DWORD, _ handles: UnsafePointer<HANDLE?>?, _ all: WindowsBool, _ milliseconds: DWORD
) -> DWORD {
  win32(failing: WAIT_FAILED) { () throws(WSAError) in
    guard (1...DWORD(MAXIMUM_WAIT_OBJECTS)).contains(count), let handles = unsafe handles else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    return wait(for: try unsafe objects(handles, count), all: all != 0, milliseconds)
  }
}

/// Alertable or not: no completion routines are delivered yet, so that no wait ends by one.
@c @implementation
public func WSAWaitForMultipleEvents(
  _ count: DWORD, _ handles: UnsafePointer<HANDLE?>?, _ all: WindowsBool, _ milliseconds: DWORD,
  _ alertable: WindowsBool
) -> DWORD {
  winsock(failing: WAIT_FAILED) { () throws(WSAError) in
    guard (1...DWORD(WSA_MAXIMUM_WAIT_EVENTS)).contains(count), let handles = unsafe handles else {
      throw WSAError(WSA_INVALID_PARAMETER)
    }
    return wait(for: try unsafe objects(handles, count), all: all != 0, milliseconds)
  }
}

private func objects(_ handles: UnsafePointer<HANDLE?>, _ count: DWORD) throws(WSAError) -> [KernelObject] {
  var objects: [KernelObject] = []
  for index in 0..<Int(count) { objects.append(try KernelObject.object(unsafe UInt(bitPattern: handles[index]))) }
  return objects
}

private func wait(for objects: [KernelObject], all: Bool, _ milliseconds: DWORD) -> DWORD {
  guard let index = Wait(for: objects, all: all).run(until: Deadline(wait: milliseconds)) else { return WAIT_TIMEOUT }
  return WAIT_OBJECT_0 + DWORD(index)
}

@c @implementation
public func CloseHandle(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try unsafe KernelObject.close(handle)
    return yes
  }
}
