public import CWinsock

// Locks of one word. NULL does nothing: Windows' functions have no way to say it.

private func word(_ lock: PSRWLOCK?) -> UnsafeMutablePointer<UInt32>? {
  unsafe UnsafeMutableRawPointer(lock)?.assumingMemoryBound(to: UInt32.self)
}

/// Makes a slim lock that nobody holds; SRWLOCK_INIT, all zeros, does too. Page: InitializeSRWLock.
@c @implementation
public func InitializeSRWLock(_ lock: PSRWLOCK?) { unsafe lock?.pointee.Ptr = nil }

/// Waits until nobody else holds the lock, not even the caller: it is not recursive. Page: AcquireSRWLockExclusive.
@c @implementation
public func AcquireSRWLockExclusive(_ lock: PSRWLOCK?) {
  if let word = unsafe word(lock) { unsafe ws2_slim_lock(word, true) }
}

/// Waits until no one holds the lock alone, or waits for that. Page: AcquireSRWLockShared.
@c @implementation
public func AcquireSRWLockShared(_ lock: PSRWLOCK?) {
  if let word = unsafe word(lock) { unsafe ws2_slim_lock(word, false) }
}

/// Gives a lock back that the caller holds alone. Page: ReleaseSRWLockExclusive.
@c @implementation
public func ReleaseSRWLockExclusive(_ lock: PSRWLOCK?) {
  if let word = unsafe word(lock) { unsafe ws2_slim_unlock(word, true) }
}

/// Gives a lock back that the caller shares. Page: ReleaseSRWLockShared.
@c @implementation
public func ReleaseSRWLockShared(_ lock: PSRWLOCK?) {
  if let word = unsafe word(lock) { unsafe ws2_slim_unlock(word, false) }
}

/// Takes the lock alone if nobody holds it. Page: TryAcquireSRWLockExclusive.
/// - Returns: Not 0, or 0 without an error.
@c @implementation
public func TryAcquireSRWLockExclusive(_ lock: PSRWLOCK?) -> BOOLEAN {
  guard let word = unsafe word(lock) else { return 0 }
  return unsafe ws2_slim_trylock(word, true) ? 1 : 0
}

/// Shares the lock if no one holds it alone, or waits for that. Page: TryAcquireSRWLockShared.
/// - Returns: Not 0, or 0 without an error.
@c @implementation
public func TryAcquireSRWLockShared(_ lock: PSRWLOCK?) -> BOOLEAN {
  guard let word = unsafe word(lock) else { return 0 }
  return unsafe ws2_slim_trylock(word, false) ? 1 : 0
}
