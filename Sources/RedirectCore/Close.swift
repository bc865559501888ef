import CEngine

/// A descriptor that took part is about to be closed. Only a hint: a duplicate may live on (DESIGN D1), so the slot
/// is freed when it is needed and the kernel says that the sockets are gone.
@c @implementation
func wfp_core_closing(_ fd: Int32) {
  if !unwatchDescriptor(fd) { return }
  guard let cookie = socketCookie(fd) else { return }
  forgetWishes(cookie)
  if let slot = slotOfAccepted(cookie) {
    unsafe wfp_or32(&slot.flow.pointee.hints, UInt32(WFP_HINT_ACCEPTED_CLOSED))
    forgetHeld(slot)
  } else if let slot = slotOfClient(cookie) {
    unsafe wfp_or32(&slot.flow.pointee.hints, UInt32(WFP_HINT_CLIENT_CLOSED))
  } else if let slot = firstAddressedFlow(cookie) {
    unsafe wfp_or32(&slot.flow.pointee.hints, UInt32(WFP_HINT_CLIENT_CLOSED))
    hidePacketInformation(fd, false)
  } else {
    forgetServed(cookie: cookie)
    _ = inEngines { engine -> Bool? in
      engine.forgetListeners()
      return nil
    }
  }
}

/// The flow under whose socket's cookie alone the others of that socket are not found.
func firstAddressedFlow(_ cookie: UInt64) -> Slot? {
  inEngines { engine in
    engine.find(.client(cookie: cookie)) { unsafe $0.flow.pointee.client_cookie == cookie && $0.isAddressed }
  }
}
