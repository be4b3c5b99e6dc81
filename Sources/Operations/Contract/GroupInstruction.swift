public import GridDispatch

/// What the charging below a node was asked to add up to, and how it stands.
public struct GroupInstruction: Hashable, Sendable {
    public let instruction: Instruction
    /// `nil`: it does not hold now, or no site dispatches it.
    public let standing: GroupDispatch?
    public init(instruction: Instruction, standing: GroupDispatch?) {
        self.instruction = instruction
        self.standing = standing
    }
}
