import Operations

/// Every address of the console with the least role that may use it: the one place where access is decided.
enum RouteTable {
    static let routes = system + api + pages

    private static let system: [Route] = [
        Route(.get, "/healthz", .anyone, handle: SystemAPI.health),
        Route(.get, "/readyz", .anyone, handle: SystemAPI.readiness),
        Route(.get, "/metrics", .role(.viewer), handle: SystemAPI.metrics),
        Route(.get, "/openapi.json", .anyone, handle: SystemAPI.openAPI),
    ]

    private static let api: [Route] = [
        Route(.get, "/api/v1/stations", .role(.viewer), handle: StationsAPI.list),
        Route(
            .post, "/api/v1/stations:import", .role(.manager), bodyLimit: Route.importBodyLimit,
            handle: StationsAPI.importCSV),
        Route(.get, "/api/v1/stations/{id}", .role(.viewer), handle: StationsAPI.get),
        Route(.put, "/api/v1/stations/{id}", .role(.manager), handle: StationsAPI.put),
        Route(.delete, "/api/v1/stations/{id}", .role(.manager), handle: StationsAPI.delete),
        Route(.get, "/api/v1/stations/{id}/commands", .role(.viewer), handle: CommandsAPI.list),
        Route(.post, "/api/v1/stations/{id}/commands", .role(.operator), handle: CommandsAPI.post),
        Route(.get, "/api/v1/stations/{id}/messages", .role(.viewer), handle: StationsAPI.messages),
        Route(.get, "/api/v1/stations/{id}/evses/{evse}/control", .role(.viewer), handle: StationsAPI.getControl),
        Route(.put, "/api/v1/stations/{id}/evses/{evse}/control", .role(.operator), handle: StationsAPI.putControl),
        Route(.get, "/api/v1/commands/{id}", .role(.viewer), handle: CommandsAPI.get),
        Route(.get, "/api/v1/id-tokens", .role(.operator), handle: IdTokensAPI.list),
        Route(.get, "/api/v1/id-tokens/{value}", .role(.operator), handle: IdTokensAPI.get),
        Route(.put, "/api/v1/id-tokens/{value}", .role(.manager), handle: IdTokensAPI.put),
        Route(.delete, "/api/v1/id-tokens/{value}", .role(.manager), handle: IdTokensAPI.delete),
        Route(.get, "/api/v1/sessions", .role(.viewer), handle: SessionsAPI.list),
        Route(.get, "/api/v1/sessions/{id}", .role(.viewer), handle: SessionsAPI.get),
        Route(.get, "/api/v1/sessions/{id}/readings", .role(.viewer), handle: SessionsAPI.readings),
        Route(.put, "/api/v1/sessions/{id}/needs", .role(.operator), handle: SessionsAPI.putNeeds),
        Route(.get, "/api/v1/sites", .role(.viewer), handle: SitesAPI.list),
        Route(.get, "/api/v1/sites/{id}", .role(.viewer), handle: SitesAPI.get),
        Route(.put, "/api/v1/sites/{id}", .role(.manager), handle: SitesAPI.put),
        Route(.delete, "/api/v1/sites/{id}", .role(.manager), handle: SitesAPI.delete),
        Route(.put, "/api/v1/sites/{id}/mode", .role(.operator), handle: SitesAPI.putMode),
        Route(.post, "/api/v1/sites/{id}/stop", .role(.operator), handle: SitesAPI.stop),
        Route(.get, "/api/v1/sites/{id}/power", .role(.viewer), handle: SitesAPI.power),
        Route(.get, "/api/v1/sites/{id}/plan", .role(.viewer), handle: SitesAPI.plan),
        Route(.get, "/api/v1/sites/{id}/day-reports", .role(.viewer), handle: SitesAPI.dayReports),
        Route(.get, "/api/v1/nodes", .role(.viewer), handle: NodesAPI.list),
        Route(.get, "/api/v1/nodes/{id}", .role(.viewer), handle: NodesAPI.get),
        Route(.put, "/api/v1/nodes/{id}", .role(.manager), handle: NodesAPI.put),
        Route(.delete, "/api/v1/nodes/{id}", .role(.manager), handle: NodesAPI.delete),
        Route(.post, "/api/v1/nodes/{id}/readings", .role(.operator), handle: NodesAPI.postReadings),
        Route(.get, "/api/v1/tariffs", .role(.viewer), handle: SystemAPI.tariffs),
        Route(.get, "/api/v1/alarms", .role(.viewer), handle: AlarmsAPI.list),
        Route(.post, "/api/v1/alarms/{id}/acknowledge", .role(.operator), handle: AlarmsAPI.acknowledge),
        Route(.get, "/api/v1/audit", .role(.manager), handle: AlarmsAPI.audit),
        Route(.get, "/api/v1/events", .role(.viewer), handle: EventsAPI.stream),
    ]

    private static let pages: [Route] = [
        Route(.get, "/assets/{name}", .anyone, .person, handle: AssetPages.asset),
        Route(.get, "/favicon.ico", .anyone, .person, handle: AssetPages.icon),
        Route(.get, "/sign-in", .anyone, .person, handle: SignInPage.show),
        Route(.post, "/sign-in", .anyone, .person, handle: SignInPage.signIn),
        Route(.post, "/sign-out", .role(.viewer), .person, handle: SignInPage.signOut),
        Route(.get, "/", .role(.viewer), .person, handle: OverviewPage.show),
        Route(.get, "/stations", .role(.viewer), .person, handle: StationsPage.show),
        Route(.get, "/stations:import", .role(.manager), .person, handle: ImportPage.show),
        Route(
            .post, "/stations:import", .role(.manager), .person, bodyLimit: Route.importBodyLimit,
            handle: ImportPage.submit),
        Route(.get, "/stations/{id}", .role(.viewer), .person, handle: StationPage.show),
        Route(.post, "/stations/{id}/commands", .role(.operator), .person, handle: StationPage.command),
        Route(.post, "/stations/{id}/evses/{evse}", .role(.operator), .person, handle: StationPage.control),
        Route(.get, "/sessions", .role(.viewer), .person, handle: SessionsPage.show),
        Route(.get, "/sessions/{id}", .role(.viewer), .person, handle: SessionPage.show),
        Route(.post, "/sessions/{id}/needs", .role(.operator), .person, handle: SessionPage.needs),
        Route(.get, "/sites", .role(.viewer), .person, handle: SitePage.list),
        Route(.post, "/sites", .role(.manager), .person, handle: SitePage.create),
        Route(.get, "/sites/{id}", .role(.viewer), .person, handle: SitePage.show),
        Route(.post, "/sites/{id}", .role(.manager), .person, handle: SitePage.save),
        Route(.post, "/sites/{id}/nodes", .role(.manager), .person, handle: SitePage.saveNode),
        Route(.post, "/sites/{id}/tariffs", .role(.manager), .person, handle: SitePage.addTariff),
        Route(.post, "/sites/{id}/mode", .role(.operator), .person, handle: SitePage.mode),
        Route(.get, "/sites/{id}/stop", .role(.operator), .person, handle: StopPage.show),
        Route(.post, "/sites/{id}/stop", .role(.operator), .person, handle: StopPage.stop),
        Route(.get, "/alarms", .role(.viewer), .person, handle: AlarmsPage.show),
        Route(.post, "/alarms/{id}/acknowledge", .role(.operator), .person, handle: AlarmsPage.acknowledge),
        Route(.get, "/reports", .role(.viewer), .person, handle: ReportsPage.show),
        Route(.get, "/audit", .role(.manager), .person, handle: AuditPage.show),
    ]
}
