public import CWinsock

private func word(_ condition: PCONDITION_VARIABLE) -> UnsafeMutablePointer<UInt32> {
  unsafe UnsafeMutableRawPointer(condition).assumingMemoryBound(to: UInt32.self)
}

/// Makes a condition variable; CONDITION_VARIABLE_INIT, all zeros, does too. Page: InitializeConditionVariable.
@c @implementation
public func InitializeConditionVariable(_ condition: PCONDITION_VARIABLE?) { unsafe condition?.pointee.Ptr = nil }

/// Leaves the section, waits for a wake and enters it again. A wait may end without a wake.
/// Page: SleepConditionVariableCS.
/// - Parameter milliseconds: INFINITE is for ever; never shorter.
/// - Returns: TRUE, or FALSE: ERROR_TIMEOUT, and the section is entered all the same; ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func SleepConditionVariableCS(
  _ condition: PCONDITION_VARIABLE?, _ section: LPCRITICAL_SECTION?, _ milliseconds: DWORD
) -> WindowsBool {
  unsafe sleep(
    on: condition, lock: UnsafeRawPointer(section), milliseconds, release: { unsafe LeaveCriticalSection(section) },
    acquire: { unsafe EnterCriticalSection(section) })
}

/// As SleepConditionVariableCS, with a slim lock. Page: SleepConditionVariableSRW.
/// - Parameter flags: CONDITION_VARIABLE_LOCKMODE_SHARED: the caller shares the lock; 0: it holds it alone.
/// - Returns: As there; ERROR_INVALID_PARAMETER for other flags too.
@c @implementation
public func SleepConditionVariableSRW(
  _ condition: PCONDITION_VARIABLE?, _ lock: PSRWLOCK?, _ milliseconds: DWORD, _ flags: ULONG
) -> WindowsBool {
  guard flags & ~CONDITION_VARIABLE_LOCKMODE_SHARED == 0 else {
    return win32(failing: no) { () throws(WSAError) in throw WSAError(ERROR_INVALID_PARAMETER) }
  }
  let isShared = flags != 0
  return unsafe sleep(
    on: condition, lock: UnsafeRawPointer(lock), milliseconds,
    release: { unsafe isShared ? ReleaseSRWLockShared(lock) : ReleaseSRWLockExclusive(lock) },
    acquire: { unsafe isShared ? AcquireSRWLockShared(lock) : AcquireSRWLockExclusive(lock) })
}

private func sleep(
  on condition: PCONDITION_VARIABLE?, lock: UnsafeRawPointer?, _ milliseconds: DWORD, release: () -> Void,
  acquire: () -> Void
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let condition = unsafe condition, unsafe lock != nil else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let word = unsafe word(condition)
    let deadline = Deadline(wait: milliseconds)
    // Under the caller's lock: a wake after it is released is seen.
    let wakes = unsafe ws2_condition_begin(word)
    release()
    defer { acquire() }
    while unsafe ws2_word_load(word) == wakes {
      guard !deadline.isOver else { throw WSAError(ERROR_TIMEOUT) }
      unsafe ws2_futex_wait(word, wakes, deadline.remaining)
    }
    return yes
  }
}

/// Ends one wait. Page: WakeConditionVariable.
@c @implementation
public func WakeConditionVariable(_ condition: PCONDITION_VARIABLE?) {
  if let condition = unsafe condition { unsafe ws2_condition_wake(word(condition), false) }
}

/// Ends all waits. Page: WakeAllConditionVariable.
@c @implementation
public func WakeAllConditionVariable(_ condition: PCONDITION_VARIABLE?) {
  if let condition = unsafe condition { unsafe ws2_condition_wake(word(condition), true) }
}
