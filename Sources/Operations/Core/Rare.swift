/// Something that most stations do not have: it costs those a pointer, and not the size of what others have.
struct Rare<Value: Sendable>: Sendable {
    private var box: [Value] = []
    var value: Value? {
        get { box.first }
        set { box = newValue.map { [$0] } ?? [] }
    }
}
