"""What the schemas do not say: names of anonymous objects and word lists, and who sends what.

A version is one class below; VERSIONS lists those that the generator writes."""

from __future__ import annotations

CORE_STATION = {"Authorize", "BootNotification", "DataTransfer", "Heartbeat", "MeterValues", "StartTransaction", "StatusNotification",
                "StopTransaction"}


class Version:
    key = ""
    namespace = ""
    title = ""
    from_station: set[str] = set()
    from_central: set[str] = set()
    merged_words: set[str] = set()                       # one type for lists that differ between messages
    frequent: list[str] = []                             # actions to compare first

    def request_file(self, action: str) -> str:
        return f"{action}.json"

    def word_name(self, values: list[str], definition: str | None, message: str, path: str) -> str:
        raise NotImplementedError

    def object_name(self, definition: str | None, message: str, path: str) -> str:
        raise NotImplementedError

    def object_doc(self, name: str) -> str:
        return f"{name} of {self.title}."

    def sender(self, action: str) -> str:
        station, central = action in self.from_station, action in self.from_central
        return "sent by either side" if station and central else "sent by the station" if station else "sent by the central system"

    def by_frequency(self, actions: list[str]) -> list[str]:
        return [a for a in self.frequent if a in actions] + [a for a in actions if a not in self.frequent]


class V16(Version):
    key, namespace, title = "v16", "V16", "OCPP 1.6"
    from_station = CORE_STATION | {
        "DiagnosticsStatusNotification", "FirmwareStatusNotification",
        "SignCertificate", "SecurityEventNotification", "LogStatusNotification", "SignedFirmwareStatusNotification"}
    from_central = {
        "ChangeAvailability", "ChangeConfiguration", "ClearCache", "DataTransfer", "GetConfiguration", "RemoteStartTransaction",
        "RemoteStopTransaction", "Reset", "UnlockConnector", "GetDiagnostics", "UpdateFirmware", "GetLocalListVersion", "SendLocalList",
        "ReserveNow", "CancelReservation", "SetChargingProfile", "ClearChargingProfile", "GetCompositeSchedule", "TriggerMessage",
        "CertificateSigned", "DeleteCertificate", "ExtendedTriggerMessage", "GetInstalledCertificateIds", "GetLog", "InstallCertificate",
        "SignedUpdateFirmware"}
    frequent = ["MeterValues", "Heartbeat", "StatusNotification", "StartTransaction", "StopTransaction", "Authorize", "BootNotification",
                "SetChargingProfile"]
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

    def object_doc(self, name):
        return self.docs[name]


VERSIONS: dict[str, Version] = {v.key: v for v in (V16(),)}
