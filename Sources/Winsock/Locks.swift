public import CWinsock

@c @implementation
public func InitializeCriticalSection(_ section: LPCRITICAL_SECTION?) {
  guard let section = unsafe section else { return }
  unsafe ws2_make_recursive_mutex(section)
}

@c @implementation
public func InitializeCriticalSectionAndSpinCount(_ section: LPCRITICAL_SECTION?, _ spins: DWORD) -> WindowsBool {
  unsafe InitializeCriticalSection(section)
  return yes
}

@c @implementation
public func InitializeCriticalSectionEx(
  _ section: LPCRITICAL_SECTION?, _ spins: DWORD, _ flags: DWORD
) -> WindowsBool {
  unsafe InitializeCriticalSection(section)
  return yes
}

@c @implementation
public func EnterCriticalSection(_ section: LPCRITICAL_SECTION?) {
  guard let section = unsafe section else { return }
  unsafe ws2_mutex_lock(section)
}

@c @implementation
public func TryEnterCriticalSection(_ section: LPCRITICAL_SECTION?) -> WindowsBool {
  guard let section = unsafe section else { return no }
  return unsafe ws2_mutex_trylock(section) == 0 ? yes : no
}

@c @implementation
public func LeaveCriticalSection(_ section: LPCRITICAL_SECTION?) {
  guard let section = unsafe section else { return }
  unsafe ws2_mutex_unlock(section)
}

@c @implementation
public func DeleteCriticalSection(_ section: LPCRITICAL_SECTION?) {
  guard let section = unsafe section else { return }
  unsafe ws2_mutex_destroy(section)
}
