/// In the child of a fork: one of the parent's other threads may have been about to change it, so that not even giving
/// it back is safe.
func keepForEver<Value>(_ value: Value) {
  _ = unsafe Unmanaged.passRetained(Kept(value))
}

private final class Kept<Value> {
  private let value: Value
  init(_ value: Value) { self.value = value }
}
