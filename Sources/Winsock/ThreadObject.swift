import CWinsock

/// Signalled when the thread has ended.
final class ThreadObject: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  private var storedExitCode = STILL_ACTIVE
  private var storedIdentifier: DWORD = 0
  private var storedRecord: ThreadRecord?
  private var closedAtEnd: UInt = 0
  private let begun = Event(isManual: true, isSignalled: false)
  private let resumed: Event

  /// - Parameter isSuspended: It does not run its routine before `resume`.
  init(isSuspended: Bool) {
    resumed = Event(isManual: true, isSignalled: !isSuspended)
    super.init(isSignalled: false)
  }

  /// Of a thread that runs already, whoever started it.
  init(of record: ThreadRecord) {
    storedRecord = record
    storedIdentifier = record.identifier
    begun.isSignalled = true
    resumed = Event(isManual: true, isSignalled: true)
    super.init(isSignalled: false)
  }

  var exitCode: DWORD { locked { storedExitCode } }

  /// Linux gives a thread its number when it runs; CreateThread promises it at once.
  var identifier: DWORD {
    _ = Wait(for: [begun]).run(until: .never)
    return locked { storedIdentifier }
  }

  /// Where its calls queue up.
  var record: ThreadRecord {
    _ = Wait(for: [begun]).run(until: .never)
    return locked { storedRecord }!
  }

  /// On the thread itself, which comes back when it may run.
  func begin() {
    let record = ThreadRecord.current
    locked {
      record.adopt(self)
      storedIdentifier = record.identifier
      storedRecord = record
    }
    begun.signal()
    _ = Wait(for: [resumed]).run(until: .never)
  }

  /// - Returns: How often it was suspended: once or not at all.
  func resume() -> DWORD {
    locked {
      defer { resumed.signalLocked() }
      return resumed.isSignalled ? 0 : 1
    }
  }

  func end(_ code: DWORD) {
    let handle = locked {
      storedExitCode = code
      signalLocked()
      return closedAtEnd
    }
    if handle != 0 { try? unsafe HandleTable.close(HANDLE(bitPattern: handle)) }
  }

  /// _beginthread's handle.
  func closeHandleAtEnd(_ handle: UInt) { locked { closedAtEnd = handle } }
}
