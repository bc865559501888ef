import CWinsock
import Testing

@testable import Winsock

/// Microsoft's page "Slim Reader/Writer (SRW) Locks".
@Suite struct SlimLockTests {
  @Test("AcquireSRWLockExclusive's page: it excludes; all zeros is a free lock")
  func exclusion() {
    let (lock, counter) = (SharedMemory(SRWLOCK()), SharedMemory(0))
    let threads = (0..<4).map { index in
      BackgroundCall { () -> Int in
        var odd = 0
        for _ in 0..<5000 {
          if index == 0 {
            AcquireSRWLockShared(lock.pointer)
            if counter.pointer.pointee % 2 != 0 { odd += 1 }
            ReleaseSRWLockShared(lock.pointer)
          } else {
            AcquireSRWLockExclusive(lock.pointer)
            counter.pointer.pointee += 1
            counter.pointer.pointee += 1
            ReleaseSRWLockExclusive(lock.pointer)
          }
        }
        return odd
      }
    }
    for thread in threads { #expect(thread.result() == 0) }
    #expect(counter.pointer.pointee == 30000)
    #expect(lock.pointer.pointee.Ptr == nil, "free again")
  }

  @Test("TryAcquireSRWLockShared's page: shared by many, alone by one")
  func attempts() {
    var lock = SRWLOCK(Ptr: UnsafeMutableRawPointer(bitPattern: 77))
    InitializeSRWLock(&lock)
    #expect(TryAcquireSRWLockShared(&lock) != 0)
    #expect(TryAcquireSRWLockShared(&lock) != 0)
    #expect(TryAcquireSRWLockExclusive(&lock) == 0)
    ReleaseSRWLockShared(&lock)
    #expect(TryAcquireSRWLockExclusive(&lock) == 0)
    ReleaseSRWLockShared(&lock)
    #expect(TryAcquireSRWLockExclusive(&lock) != 0)
    #expect(TryAcquireSRWLockExclusive(&lock) == 0, "not recursive")
    #expect(TryAcquireSRWLockShared(&lock) == 0)
    ReleaseSRWLockExclusive(&lock)
    #expect(TryAcquireSRWLockShared(nil) == 0 && TryAcquireSRWLockExclusive(nil) == 0)
  }

  @Test("A writer that waits is not kept out by readers that come after it")
  func writers() {
    let lock = SharedMemory(SRWLOCK())
    AcquireSRWLockShared(lock.pointer)
    let writer = BackgroundCall { () -> Bool in
      AcquireSRWLockExclusive(lock.pointer)
      ReleaseSRWLockExclusive(lock.pointer)
      return true
    }
    writer.untilBlocked()
    #expect(TryAcquireSRWLockShared(lock.pointer) == 0)
    let reader = BackgroundCall { () -> Bool in
      AcquireSRWLockShared(lock.pointer)
      ReleaseSRWLockShared(lock.pointer)
      return true
    }
    reader.untilBlocked()
    #expect(!writer.isDone && !reader.isDone)
    ReleaseSRWLockShared(lock.pointer)
    #expect(writer.result() == true)
    #expect(reader.result() == true)
  }
}

/// Microsoft's page "Condition Variables".
@Suite struct ConditionVariableTests {
  /// A consumer's wait: the lock is taken, the number looked at, the wait ended by a wake.
  private func consumers(_ count: Int, shared: Bool, _ wake: (PCONDITION_VARIABLE) -> Void) -> [Bool?] {
    let (lock, condition, number) = (SharedMemory(SRWLOCK()), SharedMemory(CONDITION_VARIABLE()), SharedMemory(0))
    let threads = (0..<count).map { _ in
      BackgroundCall { () -> Bool in
        let flags = shared ? CONDITION_VARIABLE_LOCKMODE_SHARED : 0
        shared ? AcquireSRWLockShared(lock.pointer) : AcquireSRWLockExclusive(lock.pointer)
        defer { shared ? ReleaseSRWLockShared(lock.pointer) : ReleaseSRWLockExclusive(lock.pointer) }
        while number.pointer.pointee == 0 {
          if SleepConditionVariableSRW(condition.pointer, lock.pointer, INFINITE, flags) == 0 { return false }
        }
        return true
      }
    }
    threads.forEach { $0.untilBlocked() }
    AcquireSRWLockExclusive(lock.pointer)
    number.pointer.pointee = 1
    ReleaseSRWLockExclusive(lock.pointer)
    wake(condition.pointer)
    return threads.map { $0.result() }
  }

  @Test("SleepConditionVariableSRW's page, both modes; WakeAllConditionVariable's page", arguments: [false, true])
  func all(shared: Bool) {
    #expect(consumers(3, shared: shared) { WakeAllConditionVariable($0) } == [true, true, true])
  }

  @Test("WakeConditionVariable's page: one wake, one wait")
  func one() {
    #expect(consumers(1, shared: false) { WakeConditionVariable($0) } == [true])
    let (lock, condition) = (SharedMemory(SRWLOCK()), SharedMemory(CONDITION_VARIABLE()))
    let ended = Counter()
    let threads = (0..<2).map { _ in
      BackgroundCall { () -> Bool in
        AcquireSRWLockExclusive(lock.pointer)
        let result = SleepConditionVariableSRW(condition.pointer, lock.pointer, INFINITE, 0)
        ReleaseSRWLockExclusive(lock.pointer)
        ended.add()
        return result != 0
      }
    }
    threads.forEach { $0.untilBlocked() }
    WakeConditionVariable(condition.pointer)
    #expect(ended.reaches(1))
    WakeConditionVariable(condition.pointer)
    for thread in threads { #expect(thread.result() == true) }
  }

  @Test("SleepConditionVariableCS's page: ERROR_TIMEOUT, and the section is entered again")
  func timeOut() {
    let (section, condition) = (SharedMemory(CRITICAL_SECTION()), SharedMemory(CONDITION_VARIABLE()))
    InitializeConditionVariable(condition.pointer)
    InitializeCriticalSection(section.pointer)
    EnterCriticalSection(section.pointer)
    let before = GetTickCount64()
    #expect(fails(ERROR_TIMEOUT) { SleepConditionVariableCS(condition.pointer, section.pointer, 20) })
    #expect(GetTickCount64() - before >= 20, "never shorter")
    let other = BackgroundCall { TryEnterCriticalSection(section.pointer) }
    #expect(other.result() == 0)
    #expect(fails(ERROR_TIMEOUT) { SleepConditionVariableCS(condition.pointer, section.pointer, 0) })
    LeaveCriticalSection(section.pointer)
    DeleteCriticalSection(section.pointer)
  }

  @Test("SleepConditionVariableCS's page: woken in time, while the section is free")
  func wokenInSection() {
    let (section, condition) = (SharedMemory(CRITICAL_SECTION()), SharedMemory(CONDITION_VARIABLE()))
    InitializeCriticalSection(section.pointer)
    let waiter = BackgroundCall { () -> WindowsBool in
      EnterCriticalSection(section.pointer)
      defer { LeaveCriticalSection(section.pointer) }
      return SleepConditionVariableCS(condition.pointer, section.pointer, 600_000)
    }
    waiter.untilBlocked()
    EnterCriticalSection(section.pointer)
    WakeAllConditionVariable(condition.pointer)
    LeaveCriticalSection(section.pointer)
    #expect(waiter.result() == 1)
    DeleteCriticalSection(section.pointer)
  }

  @Test("SleepConditionVariableSRW's page: parameters")
  func refusals() {
    var (lock, condition) = (SRWLOCK(), CONDITION_VARIABLE())
    #expect(fails(ERROR_INVALID_PARAMETER) { SleepConditionVariableSRW(&condition, &lock, 0, 2) })
    #expect(fails(ERROR_INVALID_PARAMETER) { SleepConditionVariableSRW(nil, &lock, 0, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { SleepConditionVariableCS(&condition, nil, 0) })
    WakeConditionVariable(nil)
    WakeAllConditionVariable(nil)
  }

  @Test(
    "WaitOnAddress' page: waits while the value is the other's, until a wake", arguments: [1, 2, 4, 8], [true, false])
  func addresses(size: Int, wakesAll: Bool) {
    let (value, undesired) = (SharedMemory(UInt64(7)), SharedMemory(UInt64(7)))
    let waiter = BackgroundCall { WaitOnAddress(value.pointer, undesired.pointer, SIZE_T(size), INFINITE) }
    waiter.untilBlocked()
    value.pointer.pointee = 8
    wakesAll ? WakeByAddressAll(value.pointer) : WakeByAddressSingle(value.pointer)
    #expect(waiter.result() == 1)
    #expect(WaitOnAddress(value.pointer, undesired.pointer, SIZE_T(size), INFINITE) == 1, "another value already")
  }

  @Test("WaitOnAddress' page: ERROR_TIMEOUT; bytes beyond the size are not looked at; parameters")
  func addressRefusals() {
    let (value, undesired) = (SharedMemory(UInt64(0x1_07)), SharedMemory(UInt64(0x2_07)))
    #expect(fails(ERROR_TIMEOUT) { WaitOnAddress(value.pointer, undesired.pointer, 1, 1) })
    #expect(WaitOnAddress(value.pointer, undesired.pointer, 2, INFINITE) == 1)
    for size: SIZE_T in [0, 3, 16] {
      #expect(fails(ERROR_INVALID_PARAMETER) { WaitOnAddress(value.pointer, undesired.pointer, size, 0) })
    }
    #expect(fails(ERROR_INVALID_PARAMETER) { WaitOnAddress(nil, undesired.pointer, 1, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { WaitOnAddress(value.pointer, nil, 1, 0) })
    WakeByAddressAll(nil)
  }
}
