import Operations

/// Writes groups of changes in one transaction and leaves out exactly those that SQLite refuses.
///
/// What is refused is owed (``Debts``). A group of which something is refused, or whose message still has a debt from
/// when it was sent before, counts as refused: what answers it must not go. Its other changes are written all the same.
struct CarefulPass {
    private enum Place: Hashable {
        case debt(ChangeIdentity)
        case change(group: Int, index: Int)
    }

    private let writer: ChangeWriter
    private let start: Debts
    private(set) var debts: Debts
    /// The first refusal of each group that has one.
    private(set) var refused: [Int: RefusedChange] = [:]
    private(set) var news: [RefusalNews] = []
    /// Changes that take the transaction with them when they are refused: not tried in the next round.
    private var hopeless: [Place: String] = [:]
    private var isGone = false

    init(writer: ChangeWriter, debts: Debts) {
        self.writer = writer
        self.start = debts
        self.debts = debts
    }

    /// Returns with everything committed that can be.
    /// - Throws: what is not a change's own fault; nothing is written then.
    mutating func run(_ groups: [[Change]], retryAll: Bool) throws(SQLiteFailure) {
        repeat {
            (debts, refused, news, isGone) = (start, [:], [], false)
            try writer.begin()
            try pass(groups, retryAll: retryAll)
        } while isGone
        try writer.commit()
        for object in start.objects.subtracting(debts.objects).sorted() where debts.mayEnd(object) {
            news.append(.settled(object: object))
        }
    }

    private mutating func pass(_ groups: [[Change]], retryAll: Bool) throws(SQLiteFailure) {
        let due = retryAll ? debts.order : groups.flatMap(debts.standing)
        for identity in due {
            guard let debt = debts[identity] else { continue }
            if try attempt(debt.change, at: .debt(identity)) == nil { debts.settle(identity) }
            if isGone { return }
        }
        for (number, changes) in groups.enumerated() {
            try write(changes, group: number)
            if isGone { return }
        }
    }

    private mutating func write(_ changes: [Change], group: Int) throws(SQLiteFailure) {
        let standing = debts.standing(against: changes).first.flatMap { debts[$0]?.refusal }
        if standing == nil, try attemptWhole(changes, group: group) {
            for change in changes { debts.settle(by: change) }
            return
        }
        if isGone { return }
        var first = standing
        let cause = changes.lazy.compactMap { change -> Cause? in
            if case .message(let record) = change { Cause(record) } else { nil }
        }.first
        // Messages last: what the journal says of them depends on how the others fare.
        let order = changes.indices.filter { !changes[$0].isMessage } + changes.indices.filter { changes[$0].isMessage }
        for index in order {
            let change = first.map(changes[index].withoutReply) ?? changes[index]
            if let refusal = try attempt(change, at: .change(group: group, index: index)) {
                if isGone { return }
                first = first ?? refusal
                news.append(.refused(refusal))
                let owed = changes[index].withoutReply(refusal)
                news += debts.owe(owed, refusal, cause: cause, bytes: Journal.bytes(of: owed)).map {
                    .givenUp($0)
                }
            } else {
                debts.settle(by: change)
            }
        }
        if let first { refused[group] = first }
    }

    /// - Returns: `false`, with nothing of it written, when a change was refused.
    private mutating func attemptWhole(_ changes: [Change], group: Int) throws(SQLiteFailure) -> Bool {
        let isDoubtful = changes.indices.contains { hopeless[.change(group: group, index: $0)] != nil }
        if isDoubtful { return false }
        try writer.save()
        for (index, change) in changes.enumerated() {
            if try attempt(change, at: .change(group: group, index: index), isSaved: true) != nil { return false }
        }
        try writer.release()
        return true
    }

    /// - Parameter isSaved: the savepoint to go back to is set.
    private mutating func attempt(
        _ change: Change, at place: Place, isSaved: Bool = false
    ) throws(SQLiteFailure) -> RefusedChange? {
        if let words = hopeless[place] { return RefusedChange(change, words: words) }
        if !isSaved { try writer.save() }
        do {
            try writer.apply(change)
            if !isSaved { try writer.release() }
            return nil
        } catch {
            guard error.isOfTheChange else { throw error }
            if writer.isInTransaction {
                try writer.goBack()
            } else {
                hopeless[place] = error.message
                isGone = true
            }
            return RefusedChange(change, words: error.message)
        }
    }
}

extension Change {
    fileprivate var isMessage: Bool { if case .message = self { true } else { false } }
}
