"""What the schemas do not say: names of anonymous objects and word lists, who sends what, and which versions share their types.

A namespace is one class below; NAMESPACES lists those that the generator writes."""

from __future__ import annotations

CORE_STATION = {"Authorize", "BootNotification", "DataTransfer", "Heartbeat", "MeterValues", "StartTransaction", "StatusNotification",
                "StopTransaction"}


class Namespace:
    name = ""
    title = ""
    versions: dict[str, str] = {}                        # folder of the schemas → number, oldest first
    from_station: set[str] = set()
    from_central: set[str] = set()
    unanswered: set[str] = set()                         # SEND
    merged_words: set[str] = set()                       # one type for lists that differ between messages
    proposed_words: dict[str, list[str]] = {}            # known words of a list that the newest version leaves open
    access = "public var"
    conformance = ""                                     # what all its types conform to besides
    file_prefix = ""                                     # no two files of a target may have the same name
    is_boxed = False                                     # messages behind one reference: the largest ones are huge
    request_doc = "A CALL of either side: one case an action."

    @property
    def newest(self) -> str:
        return list(self.versions.values())[-1]

    def request_file(self, action: str) -> str:
        return f"{action}.json"

    def word_name(self, values: list[str], definition: str | None, message: str, path: str) -> str:
        raise NotImplementedError

    def object_name(self, definition: str | None, message: str, path: str) -> str:
        raise NotImplementedError

    def object_doc(self, name: str, is_new: bool) -> str:
        raise NotImplementedError

    def sender(self, action: str) -> str:
        station, central = action in self.from_station, action in self.from_central
        return "sent by either side" if station and central else "sent by the station" if station else "sent by the central system"

    def action_doc(self, action: str, is_new: bool) -> str:
        return f"{action}, {self.sender(action)}."


class V16(Namespace):
    conformance = ", Hashable"
    name, title, versions = "V16", "OCPP 1.6", {"v16": "1.6"}
    from_station = CORE_STATION | {
        "DiagnosticsStatusNotification", "FirmwareStatusNotification",
        "SignCertificate", "SecurityEventNotification", "LogStatusNotification", "SignedFirmwareStatusNotification"}
    from_central = {
        "ChangeAvailability", "ChangeConfiguration", "ClearCache", "DataTransfer", "GetConfiguration", "RemoteStartTransaction",
        "RemoteStopTransaction", "Reset", "UnlockConnector", "GetDiagnostics", "UpdateFirmware", "GetLocalListVersion", "SendLocalList",
        "ReserveNow", "CancelReservation", "SetChargingProfile", "ClearChargingProfile", "GetCompositeSchedule", "TriggerMessage",
        "CertificateSigned", "DeleteCertificate", "ExtendedTriggerMessage", "GetInstalledCertificateIds", "GetLog", "InstallCertificate",
        "SignedUpdateFirmware"}
    # The two lists of units differ by `Hertz`, an oversight of the standard.
    merged_words = {"UnitOfMeasure"}

    objects = {
        "idTagInfo": "IdTagInfo", "configurationKey[]": "KeyValue", "localAuthorizationList[]": "AuthorizationData",
        "meterValue[]": "MeterValue", "transactionData[]": "MeterValue", "sampledValue[]": "SampledValue",
        "chargingProfile": "ChargingProfile", "csChargingProfiles": "ChargingProfile", "chargingSchedule": "ChargingSchedule",
        "chargingSchedulePeriod[]": "ChargingSchedulePeriod"}
    docs = {
        "IdTagInfo": "What the central system says about an identifier.",
        "KeyValue": "One configuration key as the station reports it.",
        "AuthorizationData": "One entry of the local authorisation list; without `idTagInfo` the entry is removed.",
        "MeterValue": "Samples taken at one instant.",
        "SampledValue": "One sample; what is left out has the defaults of OCPP 1.6 §7.43, see ``V16/Reading``.",
        "ChargingProfile": "Limits over time and when they apply (OCPP 1.6 §3.13, §7.8).",
        "ChargingSchedule": "Periods of a charging profile; each lasts until the next one or until `duration` (seconds).",
        "ChargingSchedulePeriod": "From `startPeriod` seconds on, at most `limit` in the schedule's unit (A a phase, or W in all).",
        "CertificateHashData": "Names a certificate by hashes of its issuer and its serial number.",
        "LogParameters": "Where a log goes and which part of it is wanted.",
        "Firmware": "A firmware image with its signature."}
    words = {
        "idTagInfo.status": "AuthorizationStatus", "BootNotificationResponse.status": "RegistrationStatus",
        "chargingProfilePurpose": "ChargingProfilePurpose", "chargingProfileKind": "ChargingProfileKind",
        "recurrencyKind": "RecurrencyKind", "chargingRateUnit": "ChargingRateUnit", "context": "ReadingContext", "format": "ValueFormat",
        "measurand": "Measurand", "phase": "Phase", "location": "Location", "unit": "UnitOfMeasure",
        "ChangeAvailabilityRequest.type": "AvailabilityType", "ChangeAvailabilityResponse.status": "AvailabilityStatus",
        "ChangeConfigurationResponse.status": "ConfigurationStatus", "ClearChargingProfileResponse.status": "ClearChargingProfileStatus",
        "DataTransferResponse.status": "DataTransferStatus", "DiagnosticsStatusNotificationRequest.status": "DiagnosticsStatus",
        "FirmwareStatusNotificationRequest.status": "FirmwareStatus", "ReserveNowResponse.status": "ReservationStatus",
        "ResetRequest.type": "ResetType", "updateType": "UpdateType", "SendLocalListResponse.status": "UpdateStatus",
        "SetChargingProfileResponse.status": "ChargingProfileStatus", "StatusNotificationRequest.errorCode": "ChargePointErrorCode",
        "StatusNotificationRequest.status": "ChargePointStatus", "StopTransactionRequest.reason": "Reason",
        "TriggerMessageRequest.requestedMessage": "MessageTrigger", "TriggerMessageResponse.status": "TriggerMessageStatus",
        "UnlockConnectorResponse.status": "UnlockStatus"}
    # Definitions of the security whitepaper whose name another list already has.
    renamed = {"FirmwareStatusEnumType": "SignedFirmwareStatus", "MessageTriggerEnumType": "ExtendedMessageTrigger",
               "GenericStatusEnumType": "AcceptanceStatus", "CertificateSignedStatusEnumType": "AcceptanceStatus"}

    def word_name(self, values, definition, message, path):
        if definition:
            return self.renamed.get(definition, definition.removesuffix("EnumType"))
        parts = path.lstrip(".").replace("[]", "").split(".")
        for key in (f"{message}.{'.'.join(parts)}", ".".join(parts[-2:]), parts[-1]):
            if key in self.words:
                return self.words[key]
        if set(values) == {"Accepted", "Rejected"}:
            return "AcceptanceStatus"
        raise SystemExit(f"{message}{path}: no name for {values}")

    def object_name(self, definition, message, path):
        return definition.removesuffix("Type") if definition else self.objects[path.rsplit(".", 1)[-1]]

    def object_doc(self, name, is_new):
        return self.docs[name]


BLOCKS = {
    "A": ("security", "SecurityEventNotification SignCertificate", "CertificateSigned"),
    "B": ("provisioning", "BootNotification NotifyReport",
          "GetBaseReport GetReport GetVariables SetVariables SetNetworkProfile Reset"),
    "C": ("authorization", "Authorize NotifySettlement VatNumberValidation", "ClearCache NotifyWebPaymentStarted"),
    "D": ("local list", "", "GetLocalListVersion SendLocalList"),
    "E": ("transactions", "TransactionEvent", "GetTransactionStatus"),
    "F": ("remote control", "", "RequestStartTransaction RequestStopTransaction TriggerMessage UnlockConnector"),
    "G": ("availability", "Heartbeat StatusNotification", "ChangeAvailability"),
    "H": ("reservation", "ReservationStatusUpdate", "ReserveNow CancelReservation"),
    "I": ("tariff and cost", "", "CostUpdated SetDefaultTariff GetTariffs ClearTariffs ChangeTransactionTariff"),
    "J": ("metering", "MeterValues", ""),
    "K": ("smart charging",
          "NotifyChargingLimit ClearedChargingLimit NotifyEVChargingNeeds NotifyEVChargingSchedule ReportChargingProfiles "
          "PullDynamicScheduleUpdate NotifyPriorityCharging",
          "SetChargingProfile GetChargingProfiles ClearChargingProfile GetCompositeSchedule UpdateDynamicSchedule UsePriorityCharging"),
    "L": ("firmware", "FirmwareStatusNotification PublishFirmwareStatusNotification", "UpdateFirmware PublishFirmware UnpublishFirmware"),
    "M": ("certificates", "Get15118EVCertificate GetCertificateStatus GetCertificateChainStatus",
          "InstallCertificate DeleteCertificate GetInstalledCertificateIds"),
    "N": ("diagnostics",
          "LogStatusNotification NotifyEvent NotifyMonitoringReport NotifyCustomerInformation OpenPeriodicEventStream "
          "ClosePeriodicEventStream NotifyPeriodicEventStream",
          "GetLog SetMonitoringBase SetMonitoringLevel SetVariableMonitoring ClearVariableMonitoring GetMonitoringReport "
          "CustomerInformation AdjustPeriodicEventStream GetPeriodicEventStream"),
    "O": ("display", "NotifyDisplayMessages", "SetDisplayMessage GetDisplayMessages ClearDisplayMessage"),
    "P": ("data transfer", "DataTransfer", "DataTransfer"),
    "Q": ("bidirectional power", "", "NotifyAllowedEnergyTransfer AFRRSignal"),
    "R": ("distributed energy resources", "ReportDERControl NotifyDERAlarm NotifyDERStartStop", "SetDERControl GetDERControl ClearDERControl"),
    "S": ("battery swap", "BatterySwap", "RequestBatterySwap")}


class V2(Namespace):
    name, title, versions = "V2", "OCPP 2.0.1 and 2.1", {"v201": "2.0.1", "v21": "2.1"}
    from_station = {a for _, station, _ in BLOCKS.values() for a in station.split()}
    from_central = {a for _, _, central in BLOCKS.values() for a in central.split()}
    unanswered = {"NotifyPeriodicEventStream"}
    file_prefix = "V2+"
    # Setters and coroutines that nobody calls would be a third of the code.
    access = "public internal(set) var"
    is_boxed = True
    request_doc = "A CALL or SEND of either side: one case an action."
    # 2.1 takes any text here and names these in its appendix.
    proposed_words = {"IdTokenKind": ["DirectPayment", "EVCCID", "VIN"]}
    # Word lists whose name a class has, or that say too little.
    renamed = {f"{name}EnumType": f"{name}Kind" for name in (
        "Attribute", "Connector", "CostDimension", "DERControl", "Data", "IdToken", "Log", "Monitor", "OCPPVersion", "Reset", "TariffCost",
        "TransactionEvent", "Update", "VPN")} | {
        "CertificateStatusEnumType": "RevocationStatus", "GetCertificateStatusEnumType": "OCSPStatus",
        "ClearChargingProfileType": "ClearChargingProfileCriterion"}

    def request_file(self, action):
        return f"{action}Request.json"

    def word_name(self, values, definition, message, path):
        return self.renamed.get(definition, definition.removesuffix("EnumType"))

    def object_name(self, definition, message, path):
        return self.renamed.get(definition, definition.removesuffix("Type"))

    def object_doc(self, name, is_new):
        was = next((old.removesuffix("Type") for old, new in self.renamed.items() if new == name), name)
        return f"The class {was}Type of OCPP {'2.1' if is_new else '2.0.1 and 2.1'}."

    def action_doc(self, action, is_new):
        block, (subject, _, _) = next((k, b) for k, b in BLOCKS.items() if action in (b[1] + " " + b[2]).split())
        return f"{action} (block {block}, {subject}), {self.sender(action)}{'; 2.1 only' if is_new else ''}."


NAMESPACES: dict[str, Namespace] = {n.name: n for n in (V16(), V2())}
