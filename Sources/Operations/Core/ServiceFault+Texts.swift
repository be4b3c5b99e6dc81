import Assets
import Charging

extension ServiceFault {
    static func unknownStation(_ id: StationID) -> ServiceFault {
        ServiceFault(.notFound, code: "station-unknown", detail: "No station \(id) is registered.")
    }
    static func unknownSite(_ id: SiteID) -> ServiceFault {
        ServiceFault(.notFound, code: "site-unknown", detail: "There is no site \(id).")
    }
    static func unknownNode(_ id: NodeID) -> ServiceFault {
        ServiceFault(.notFound, code: "node-unknown", detail: "There is no node \(id).")
    }
    static func unknownSession(_ id: Session.ID) -> ServiceFault {
        ServiceFault(.notFound, code: "session-unknown", detail: "There is no active session \(id).")
    }
    static func invalid(_ code: String, _ fields: [Field]) -> ServiceFault {
        ServiceFault(.invalid, code: code, detail: "Nothing was changed: see the fields.", fields: fields)
    }
}
