import Assets
import Charging
import Quantities

// What stations know of customers (2.x N09, N10): personal data. Kept apart from every log, for some days, and only what was
// asked for here.
extension Core {
    mutating func ask(
        _ request: Int, _ reference: CustomerReference?, report: Bool, clear: Bool, _ s: Int, by: String,
        at now: Instant
    ) {
        let subject: String? =
            switch reference {
            case .idToken(let token, _): settings.tokenMarker.mark(of: token)
            case .identifier(let text): settings.tokenMarker.mark(of: text)
            case nil: nil
            }
        put(
            CustomerInquiry(
                station: stations[s].station.id, request: request, subject: subject, isReport: report, isClear: clear,
                orderedAt: now, by: by), s)
    }

    private mutating func put(_ inquiry: CustomerInquiry, _ s: Int) {
        stations[s].device.keep(inquiry)
        persist(.device(.customer(inquiry)))
    }

    mutating func answered(
        _ request: Int, _ status: String, _ reference: CustomerReference?, report: Bool, clear: Bool, _ s: Int,
        at now: Instant
    ) {
        // Made by hand: from here on it is one of ours.
        if !stations[s].device.inquiries.contains(where: { $0.request == request }) {
            ask(request, reference, report: report, clear: clear, s, by: "command", at: now)
        }
        guard var inquiry = stations[s].device.inquiries.last(where: { $0.request == request }) else { return }
        inquiry.status = status
        put(inquiry, s)
        // The station forgets the customer, and so do we what it told before.
        if status == "Accepted", clear, let subject = inquiry.subject {
            persist(.device(.forgetCustomer(inquiry.station, subject: subject, except: request)))
            stations[s].device.inquiries.removeAll { $0.subject == subject && $0.request != request }
        }
    }

    /// What nobody here asked for is not kept.
    mutating func take(
        customerPart number: Int, isLast: Bool, _ data: String, of request: Int, _ s: Int, at now: Instant
    ) {
        guard var inquiry = stations[s].device.inquiries.last(where: { $0.request == request }),
            inquiry.status == nil || inquiry.status == "Accepted", (0..<CustomerInquiry.mostParts).contains(number)
        else { return }
        guard inquiry.parts.take(number, number == 0 ? .started : isLast ? .ended : .updated) else { return }
        if number == 0, isLast { inquiry.parts.take(number, .ended) }
        inquiry.lastAt = now
        persist(
            .device(.customerPart(inquiry.station, request: request, number: number, data: data, at: now)))
        put(inquiry, s)
    }

    mutating func remove(customer request: Int, of id: StationID) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        stations[s].device.inquiries.removeAll { $0.request == request }
        persist(.device(.removeCustomer(id, request: request)))
        return .success(.done)
    }
}
