public import CWinsock

/// Makes a critical section, a recursive lock within the process. Page: InitializeCriticalSection.
/// - Parameter section: The program's memory, which stays where it is until DeleteCriticalSection. NULL: does nothing.
@c @implementation
public func InitializeCriticalSection(_ section: LPCRITICAL_SECTION?) {
  guard let section = unsafe section else { return }
  unsafe ws2_make_recursive_mutex(section)
}

/// As InitializeCriticalSection; it does not spin. Page: InitializeCriticalSectionAndSpinCount.
/// - Returns: TRUE.
@c @implementation
public func InitializeCriticalSectionAndSpinCount(_ section: LPCRITICAL_SECTION?, _ spins: DWORD) -> WindowsBool {
  unsafe InitializeCriticalSection(section)
  return yes
}

/// As InitializeCriticalSection; flags are not looked at. Page: InitializeCriticalSectionEx.
/// - Returns: TRUE.
@c @implementation
public func InitializeCriticalSectionEx(
  _ section: LPCRITICAL_SECTION?, _ spins: DWORD, _ flags: DWORD
) -> WindowsBool {
  unsafe InitializeCriticalSection(section)
  return yes
}

/// Waits for a critical section; its owner enters again at once. Page: EnterCriticalSection.
@c @implementation
public func EnterCriticalSection(_ section: LPCRITICAL_SECTION?) {
  guard let section = unsafe section else { return }
  unsafe ws2_mutex_lock(section)
}

/// Enters a critical section if no other thread is in it. Page: TryEnterCriticalSection.
/// - Returns: TRUE, or FALSE without an error.
@c @implementation
public func TryEnterCriticalSection(_ section: LPCRITICAL_SECTION?) -> WindowsBool {
  guard let section = unsafe section else { return no }
  return unsafe ws2_mutex_trylock(section) == 0 ? yes : no
}

/// Leaves a critical section, as often as it was entered. Page: LeaveCriticalSection.
@c @implementation
public func LeaveCriticalSection(_ section: LPCRITICAL_SECTION?) {
  guard let section = unsafe section else { return }
  unsafe ws2_mutex_unlock(section)
}

/// Ends a critical section that nobody is in. Page: DeleteCriticalSection.
@c @implementation
public func DeleteCriticalSection(_ section: LPCRITICAL_SECTION?) {
  guard let section = unsafe section else { return }
  unsafe ws2_mutex_destroy(section)
}
