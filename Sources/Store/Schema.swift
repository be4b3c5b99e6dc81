import GRDB

/// Tables and their history. A migration that was released is never edited; each has its rollback note in
/// `docs/operations/migrations.md`, and what the tables mean stands in `docs/operations/store.md`.
enum Schema {
    /// `TDWT`: the file says whose it is.
    static let applicationID: Int32 = 0x5444_5754

    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 first tables") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: first)
        }
        migrator.registerMigration("2 course of a transaction") { db in
            try db.execute(
                sql: """
                    ALTER TABLE session ADD COLUMN sequence TEXT;
                    ALTER TABLE session ADD COLUMN charging_state TEXT;
                    ALTER TABLE session ADD COLUMN remote_start INTEGER;
                    """)
        }
        migrator.registerMigration("3 superseded blocks by age") { db in
            try db.execute(
                sql: """
                    CREATE INDEX reading_block_superseded ON reading_block(superseded_at)
                        WHERE superseded_at IS NOT NULL
                    """)
        }
        // Before it, what nobody stated was kept like a statement: a pile with all the values of the assumption and no
        // evidence of its owner is taken for one that nobody described.
        migrator.registerMigration("4 what was stated of a pile") { db in
            try db.execute(
                sql: """
                    ALTER TABLE station ADD COLUMN phases_stated INTEGER NOT NULL DEFAULT 1;
                    ALTER TABLE station ADD COLUMN current_stated INTEGER NOT NULL DEFAULT 1;
                    UPDATE station SET phases_stated = 0, current_stated = 0
                        WHERE phases = 1 AND voltage = 220 AND max_milliamperes = 32000;
                    UPDATE station SET ownership = 'unknown'
                        WHERE ownership = 'private' AND phases_stated = 0 AND ownership_evidence IS NULL
                            AND owner IS NULL;
                    """)
        }
        migrator.registerMigration("5 security of stations") { db in
            try db.execute(
                sql: """
                    CREATE TABLE station_key_change (
                        station TEXT NOT NULL, position INTEGER NOT NULL, stored TEXT NOT NULL, state TEXT NOT NULL,
                        at INTEGER NOT NULL, word TEXT, PRIMARY KEY (station, position)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE station_certificate (
                        station TEXT NOT NULL, fingerprint TEXT NOT NULL, serial TEXT NOT NULL, subject TEXT NOT NULL,
                        issuer TEXT NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,
                        certificate_use TEXT NOT NULL, request INTEGER, chain TEXT NOT NULL, state TEXT NOT NULL,
                        at INTEGER NOT NULL, word TEXT, attempts INTEGER NOT NULL, in_use INTEGER NOT NULL,
                        PRIMARY KEY (station, fingerprint)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE security_event (
                        id INTEGER PRIMARY KEY, station TEXT NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL,
                        at INTEGER NOT NULL, received_at INTEGER NOT NULL, info TEXT, critical INTEGER NOT NULL
                    ) STRICT;
                    CREATE INDEX security_event_of_station ON security_event(station, at);
                    CREATE INDEX security_event_critical ON security_event(id) WHERE critical = 1;
                    """)
        }
        migrator.registerMigration("8 lists, reservations, displays") { db in
            try db.execute(
                sql: """
                    CREATE TABLE station_local_list (
                        station TEXT PRIMARY KEY, scope TEXT NOT NULL, tokens TEXT NOT NULL, automatic INTEGER NOT NULL,
                        version INTEGER NOT NULL, mark INTEGER, entries INTEGER NOT NULL, left_out INTEGER NOT NULL,
                        held_version INTEGER, outcome TEXT NOT NULL, word TEXT, at INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE reservation (
                        place INTEGER PRIMARY KEY, station TEXT NOT NULL, id INTEGER NOT NULL, evse INTEGER,
                        connector_kind TEXT, token TEXT NOT NULL, token_kind TEXT, token_group TEXT,
                        expires_at INTEGER NOT NULL, created_at INTEGER NOT NULL, ordered_by TEXT NOT NULL,
                        state TEXT NOT NULL, at INTEGER NOT NULL, word TEXT, session TEXT, command TEXT,
                        open INTEGER NOT NULL, UNIQUE (station, id)
                    ) STRICT;
                    CREATE TABLE station_display (
                        station TEXT PRIMARY KEY, told_at INTEGER
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE display_message (
                        station TEXT NOT NULL, id INTEGER NOT NULL, priority TEXT NOT NULL, state TEXT,
                        format TEXT NOT NULL, language TEXT, content TEXT NOT NULL, starts_at INTEGER,
                        ends_at INTEGER, transaction_id TEXT, PRIMARY KEY (station, id)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE vendor_handler (
                        id TEXT PRIMARY KEY, vendor TEXT NOT NULL, message TEXT, url TEXT, status TEXT NOT NULL,
                        data TEXT
                    ) STRICT, WITHOUT ROWID;
                    ALTER TABLE command ADD COLUMN follow_up TEXT;
                    ALTER TABLE command ADD COLUMN follow_up_object TEXT;
                    ALTER TABLE command ADD COLUMN follow_up_at INTEGER;
                    CREATE INDEX command_promised ON command(number) WHERE follow_up = 'waiting';
                    """)
        }
        migrator.registerMigration("7 firmware, logs, files, campaigns") { db in
            try db.execute(sql: jobs)
        }
        migrator.registerMigration("6 device models") { db in try db.execute(sql: deviceModels) }
        migrator.registerMigration("9 certificates held by stations, drift alarms") { db in
            try db.execute(
                sql: """
                    CREATE TABLE held_certificate (
                        station TEXT NOT NULL, position INTEGER NOT NULL, certificate_use TEXT NOT NULL, hash TEXT,
                        child INTEGER NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL, subject TEXT,
                        not_after INTEGER, hashes TEXT, PRIMARY KEY (station, position)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE station_held_certificates (
                        station TEXT PRIMARY KEY, listed_at INTEGER
                    ) STRICT, WITHOUT ROWID;
                    ALTER TABLE device_template ADD COLUMN alarm INTEGER NOT NULL DEFAULT 0;
                    """)
        }
        migrator.registerMigration("10 charging profiles, costs") { db in
            // Charging profiles that stations hold, limits that others set them, what sessions cost.
            try db.execute(sql: chargingProfiles)
        }
        migrator.registerMigration("11 vehicles that give back") { db in
            // What may flow back by whose word, what vehicles say of it, and profiles with all that 2.1 puts into them.
            try db.execute(
                sql: """
                    ALTER TABLE id_token ADD COLUMN energy_transfer TEXT;
                    ALTER TABLE site ADD COLUMN energy_transfer TEXT;
                    ALTER TABLE station_live ADD COLUMN v2x TEXT;
                    ALTER TABLE session ADD COLUMN v2x TEXT;
                    ALTER TABLE session ADD COLUMN dialogue TEXT;
                    ALTER TABLE charging_profile ADD COLUMN offline_seconds INTEGER;
                    ALTER TABLE charging_profile ADD COLUMN dead_after_offline INTEGER;
                    ALTER TABLE charging_profile ADD COLUMN updated_at INTEGER;
                    ALTER TABLE charging_profile ADD COLUMN update_seconds INTEGER;
                    """)
        }
        migrator.registerMigration("12 DER controls, battery swap") { db in try db.execute(sql: gridCode) }
        migrator.registerMigration("13 tariffs at stations, payments") { db in try db.execute(sql: money) }
        migrator.registerMigration("14 wear, storage") { db in
            // What a pile can give back, what it costs the batteries, and what the meter of a node measures.
            try db.execute(
                sql: """
                    ALTER TABLE station ADD COLUMN max_discharge INTEGER;
                    ALTER TABLE node ADD COLUMN serves TEXT;
                    CREATE TABLE site_battery (
                        site TEXT PRIMARY KEY, chemistry TEXT NOT NULL, value INTEGER NOT NULL, cycles INTEGER NOT NULL,
                        consumption INTEGER, round_trip INTEGER
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("15 setpoints over time") { db in
            try db.execute(
                sql: """
                    CREATE TABLE setpoint (
                        station TEXT NOT NULL, evse INTEGER NOT NULL, at INTEGER NOT NULL, session TEXT NOT NULL,
                        power INTEGER, PRIMARY KEY (station, evse, at)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("16 learned losses, prices of drivers") { db in
            // What sessions showed of the losses at an EVSE, what drivers pay, periods of stations' own sums.
            try db.execute(
                sql: """
                    CREATE TABLE round_trip (
                        station TEXT NOT NULL, evse INTEGER NOT NULL, session TEXT NOT NULL, at INTEGER NOT NULL,
                        low INTEGER NOT NULL, middle INTEGER NOT NULL, high INTEGER NOT NULL,
                        PRIMARY KEY (station, evse, session)
                    ) STRICT, WITHOUT ROWID;
                    ALTER TABLE session_account ADD COLUMN losses TEXT;
                    ALTER TABLE session_account ADD COLUMN own_tariff TEXT;
                    ALTER TABLE session_account ADD COLUMN own_fee TEXT;
                    ALTER TABLE session_account ADD COLUMN told_parts TEXT;
                    ALTER TABLE id_token ADD COLUMN tariff TEXT;
                    ALTER TABLE id_token ADD COLUMN service_fee TEXT;
                    """)
        }
        migrator.registerMigration("17 dynamic QR codes, prepaid cards") { db in
            // How stations make codes that drivers scan. Their secrets follow from the seeds and from the installation's own.
            try db.execute(
                sql: """
                    CREATE TABLE web_payment (
                        station TEXT NOT NULL, evse INTEGER NOT NULL, enabled INTEGER NOT NULL, validity INTEGER NOT NULL,
                        length INTEGER NOT NULL, fen INTEGER NOT NULL, seeds TEXT NOT NULL, validities TEXT NOT NULL,
                        lengths TEXT NOT NULL, undecided TEXT NOT NULL, refusals TEXT NOT NULL,
                        changed_at INTEGER NOT NULL, used TEXT NOT NULL, PRIMARY KEY (station, evse)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE prepaid (
                        token TEXT PRIMARY KEY, fen INTEGER NOT NULL, changed_at INTEGER NOT NULL, last_session TEXT,
                        last_fen INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("18 one meter for all") { db in
            // How energy at a site is paid for; what was there before is metered apart.
            try db.execute(sql: "ALTER TABLE site_costs ADD COLUMN settlement TEXT NOT NULL DEFAULT 'apart'")
        }
        migrator.registerMigration("19 demand charge") { db in
            try db.execute(sql: "ALTER TABLE site_costs ADD COLUMN demand_charge INTEGER NOT NULL DEFAULT 0")
        }
        return migrator
    }()

    private static let gridCode = """
        CREATE TABLE der_control (
            id TEXT PRIMARY KEY, function TEXT NOT NULL, priority INTEGER NOT NULL, starts_at INTEGER, ends_at INTEGER,
            settings TEXT NOT NULL, discharge_share INTEGER, target TEXT NOT NULL, object TEXT NOT NULL, source TEXT,
            ordered_by TEXT NOT NULL, created_at INTEGER NOT NULL, withdrawn_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE der_station (
            station TEXT PRIMARY KEY, supported TEXT, told_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE der_holding (
            station TEXT NOT NULL, position INTEGER NOT NULL, control TEXT NOT NULL, received_at INTEGER NOT NULL,
            superseded_at INTEGER, superseded_by TEXT, place TEXT NOT NULL, word TEXT, at INTEGER NOT NULL,
            started_at INTEGER, ended_at INTEGER, superseded_there INTEGER NOT NULL, withdrawn INTEGER NOT NULL,
            PRIMARY KEY (station, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX der_holding_of_control ON der_holding(control);
        CREATE TABLE der_stranger (
            station TEXT NOT NULL, position INTEGER NOT NULL, id TEXT NOT NULL, function TEXT NOT NULL,
            priority INTEGER NOT NULL, starts_at INTEGER, ends_at INTEGER, settings TEXT NOT NULL,
            discharge_share INTEGER, superseded INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (station, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE battery_cabinet (
            station TEXT PRIMARY KEY, target INTEGER, full INTEGER, token TEXT, capacity INTEGER, demand TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE stored_battery (
            station TEXT NOT NULL, slot INTEGER NOT NULL, serial TEXT NOT NULL, charge INTEGER NOT NULL,
            health INTEGER NOT NULL, produced_at INTEGER, vendor_info TEXT, since INTEGER NOT NULL,
            charge_then INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (station, slot)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE battery_swap (
            id INTEGER PRIMARY KEY, station TEXT NOT NULL, request INTEGER NOT NULL, token TEXT NOT NULL,
            remote INTEGER NOT NULL, ordered_by TEXT NOT NULL, opened_at INTEGER NOT NULL, state TEXT NOT NULL,
            at INTEGER NOT NULL, word TEXT, token_refused INTEGER NOT NULL, taken TEXT NOT NULL, given TEXT NOT NULL,
            charged INTEGER, command TEXT, open INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX battery_swap_of_station ON battery_swap(station, id);
        """

    private static let money = """
        CREATE TABLE site_service_fee (
            site TEXT NOT NULL, position INTEGER NOT NULL, day INTEGER NOT NULL, price TEXT NOT NULL,
            PRIMARY KEY (site, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE site_costs (
            site TEXT PRIMARY KEY, local_cost TEXT NOT NULL, running_cost INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE station_tariff (
            station TEXT NOT NULL, id TEXT NOT NULL, is_drivers INTEGER NOT NULL, evses TEXT NOT NULL,
            valid_from INTEGER, set_at INTEGER, told_at INTEGER, missing_since INTEGER, PRIMARY KEY (station, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE station_tariffs (
            station TEXT PRIMARY KEY, state TEXT NOT NULL, wanted TEXT, valid_until INTEGER, elements INTEGER NOT NULL,
            word TEXT, changed_at INTEGER, told_at INTEGER, tariffs INTEGER, costs INTEGER, most_elements INTEGER,
            conditions INTEGER, settles_here INTEGER, limits TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE session_account (
            session TEXT PRIMARY KEY, tariff TEXT, told_total TEXT, told_currency TEXT, told_energy INTEGER,
            told_periods INTEGER, told_failed INTEGER, told_at INTEGER, max_cost TEXT, max_energy INTEGER,
            max_seconds INTEGER, max_soc INTEGER, are_told INTEGER NOT NULL, held_cost TEXT, held_energy INTEGER,
            held_seconds INTEGER, held_soc INTEGER, reached TEXT, reached_at INTEGER, station_acts INTEGER NOT NULL,
            stops INTEGER NOT NULL, soc INTEGER, export_credit TEXT, limits_set_at INTEGER
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE session ADD COLUMN priced_lines TEXT;
        ALTER TABLE session ADD COLUMN export_last INTEGER;
        ALTER TABLE session ADD COLUMN export_last_at INTEGER;
        CREATE TABLE payment (
            place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, station TEXT NOT NULL,
            evse INTEGER NOT NULL, ordered_by TEXT NOT NULL, created_at INTEGER NOT NULL, state TEXT NOT NULL,
            reference TEXT, page TEXT, reserved INTEGER, max_energy INTEGER, max_seconds INTEGER, max_soc INTEGER,
            remote_start INTEGER, session TEXT, cost INTEGER, captured INTEGER, refunded INTEGER NOT NULL, step TEXT,
            step_fen INTEGER NOT NULL, attempts INTEGER NOT NULL, next_try INTEGER, word TEXT, ends_at INTEGER,
            changed_at INTEGER NOT NULL, receipt_id TEXT, receipt_url TEXT, over INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX payment_of_station ON payment(station);
        CREATE INDEX payment_of_session ON payment(session) WHERE session IS NOT NULL;
        CREATE INDEX payment_open ON payment(place) WHERE over = 0;
        """

    private static let chargingProfiles = """
        CREATE TABLE charging_profile (
            station TEXT NOT NULL, id INTEGER NOT NULL, evse INTEGER NOT NULL, source TEXT NOT NULL,
            purpose TEXT NOT NULL, level INTEGER NOT NULL, kind TEXT NOT NULL, recurrency TEXT, valid_from INTEGER,
            valid_to INTEGER, transaction_id TEXT, schedules TEXT NOT NULL, set_at INTEGER, told_at INTEGER,
            request INTEGER, missing_since INTEGER, differs INTEGER NOT NULL, PRIMARY KEY (station, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE charging_profile_report (
            station TEXT PRIMARY KEY, request INTEGER NOT NULL, is_answered INTEGER NOT NULL, ids TEXT, evse INTEGER,
            purpose TEXT, level INTEGER, sources TEXT, ordered_at INTEGER, first_at INTEGER NOT NULL, last_at INTEGER,
            parts INTEGER NOT NULL, profiles INTEGER NOT NULL, left_out INTEGER NOT NULL, has_last INTEGER NOT NULL,
            told_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE outside_limit (
            station TEXT NOT NULL, source TEXT NOT NULL, evse INTEGER NOT NULL, id INTEGER NOT NULL,
            level INTEGER NOT NULL, kind TEXT NOT NULL, recurrency TEXT, valid_from INTEGER, valid_to INTEGER,
            schedules TEXT NOT NULL, critical INTEGER NOT NULL, local_generation INTEGER NOT NULL,
            since INTEGER NOT NULL, at INTEGER NOT NULL, is_reported INTEGER NOT NULL, may_be_lost INTEGER NOT NULL,
            PRIMARY KEY (station, source, evse)
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE session ADD COLUMN priced_until INTEGER;
        ALTER TABLE session ADD COLUMN priced_energy INTEGER;
        ALTER TABLE session ADD COLUMN priced_amount TEXT;
        ALTER TABLE session ADD COLUMN cost TEXT;
        """

    private static let jobs = """
        CREATE TABLE station_job (
            position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, station TEXT NOT NULL, kind TEXT NOT NULL,
            number INTEGER, location TEXT NOT NULL, retrieve_at INTEGER, install_at INTEGER, retries INTEGER,
            retry_interval INTEGER, is_signed INTEGER NOT NULL, checksum TEXT, log TEXT, log_from INTEGER,
            log_to INTEGER, file TEXT, ordered_by TEXT NOT NULL, asked_at INTEGER NOT NULL, due_at INTEGER,
            firmware_before TEXT, state TEXT NOT NULL, word TEXT, at INTEGER NOT NULL, firmware_after TEXT,
            file_name TEXT, received INTEGER, steps TEXT NOT NULL
        ) STRICT;
        CREATE INDEX station_job_of_station ON station_job(station);
        CREATE TABLE stored_file (
            position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
            station TEXT, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, md5 TEXT NOT NULL, at INTEGER NOT NULL,
            kept_by TEXT NOT NULL, signature TEXT, signing_certificate TEXT
        ) STRICT;
        CREATE TABLE campaign (
            position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, stations TEXT, site TEXT,
            vendor TEXT, model TEXT, firmware TEXT, parallel INTEGER NOT NULL, attempts INTEGER NOT NULL,
            wait_seconds INTEGER NOT NULL, timeout_seconds INTEGER NOT NULL, length_seconds INTEGER NOT NULL,
            file TEXT, ordered_by TEXT NOT NULL, created_at INTEGER NOT NULL, state TEXT NOT NULL, started_at INTEGER,
            ends_at INTEGER, ended_at INTEGER
        ) STRICT;
        CREATE TABLE campaign_command (
            campaign TEXT NOT NULL, version TEXT NOT NULL, action TEXT NOT NULL, payload BLOB NOT NULL,
            PRIMARY KEY (campaign, version)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE campaign_target (
            campaign TEXT NOT NULL, position INTEGER NOT NULL, station TEXT NOT NULL, state TEXT NOT NULL,
            attempts INTEGER NOT NULL, command TEXT, word TEXT, at INTEGER NOT NULL, not_before INTEGER,
            PRIMARY KEY (campaign, position)
        ) STRICT, WITHOUT ROWID;
        """

    private static let deviceModels = """
        CREATE TABLE device_variable (
            station TEXT NOT NULL, key TEXT NOT NULL, component TEXT NOT NULL, component_instance TEXT, evse INTEGER,
            connector INTEGER, variable TEXT NOT NULL, instance TEXT, attribute TEXT NOT NULL, value TEXT, pending TEXT,
            mutability TEXT, persistent INTEGER, constant INTEGER, kind TEXT, unit TEXT, min_limit TEXT, max_limit TEXT,
            max_elements INTEGER, values_list TEXT, monitoring INTEGER, at INTEGER NOT NULL, source TEXT NOT NULL,
            PRIMARY KEY (station, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX device_variable_pending ON device_variable(station) WHERE pending IS NOT NULL;
        CREATE TABLE device_report (
            station TEXT NOT NULL, of_monitors INTEGER NOT NULL, request INTEGER NOT NULL, scope TEXT NOT NULL,
            ordered_at INTEGER, first_at INTEGER, last_at INTEGER, parts TEXT NOT NULL, items INTEGER NOT NULL,
            PRIMARY KEY (station, of_monitors, request)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_monitor (
            station TEXT NOT NULL, id INTEGER NOT NULL, component TEXT NOT NULL, component_instance TEXT, evse INTEGER,
            connector INTEGER, variable TEXT NOT NULL, instance TEXT, kind TEXT NOT NULL, value TEXT NOT NULL,
            severity INTEGER NOT NULL, transactional INTEGER NOT NULL, origin TEXT, at INTEGER NOT NULL,
            PRIMARY KEY (station, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_monitoring (
            station TEXT PRIMARY KEY, base TEXT, level INTEGER, at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_event (
            id INTEGER PRIMARY KEY, station TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
            received_at INTEGER NOT NULL, trigger_word TEXT NOT NULL, notification TEXT NOT NULL,
            component TEXT NOT NULL, component_instance TEXT, evse INTEGER, connector INTEGER, variable TEXT NOT NULL,
            instance TEXT, value TEXT NOT NULL, cleared INTEGER NOT NULL, severity INTEGER, monitor INTEGER,
            cause INTEGER, tech_code TEXT, tech_info TEXT, transaction_id TEXT, subject TEXT NOT NULL,
            cleared_at INTEGER, cleared_by INTEGER
        ) STRICT;
        CREATE INDEX device_event_of_station ON device_event(station, at);
        CREATE INDEX device_event_open ON device_event(station, subject)
            WHERE trigger_word = 'Alerting' AND cleared = 0 AND cleared_at IS NULL;
        CREATE TABLE device_template (
            name TEXT PRIMARY KEY, note TEXT NOT NULL, changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_template_setting (
            template TEXT NOT NULL, position INTEGER NOT NULL, component TEXT NOT NULL, component_instance TEXT,
            evse INTEGER, connector INTEGER, variable TEXT NOT NULL, instance TEXT, attribute TEXT NOT NULL,
            value TEXT NOT NULL, PRIMARY KEY (template, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_template_station (
            template TEXT NOT NULL, station TEXT NOT NULL, PRIMARY KEY (template, station)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE network_profile (
            station TEXT NOT NULL, slot INTEGER NOT NULL, interface TEXT NOT NULL, url TEXT NOT NULL,
            security_profile INTEGER NOT NULL, message_timeout INTEGER NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (station, slot)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE security_profile_change (
            station TEXT PRIMARY KEY, target INTEGER NOT NULL, previous INTEGER NOT NULL, slot INTEGER, interface TEXT,
            url TEXT, message_timeout INTEGER, priority TEXT, state TEXT NOT NULL, at INTEGER NOT NULL, word TEXT,
            attempts INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE customer_inquiry (
            station TEXT NOT NULL, request INTEGER NOT NULL, subject TEXT, report INTEGER NOT NULL,
            clear INTEGER NOT NULL, ordered_at INTEGER NOT NULL, ordered_by TEXT NOT NULL, status TEXT,
            parts TEXT NOT NULL, last_at INTEGER, PRIMARY KEY (station, request)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE customer_part (
            station TEXT NOT NULL, request INTEGER NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL,
            at INTEGER NOT NULL, PRIMARY KEY (station, request, number)
        ) STRICT, WITHOUT ROWID;
        """

    /// Instants are milliseconds since 1970 UTC, power is watts, energy and registers are milliwatt-hours, days are days
    /// since 1970. No foreign keys: changes are upserts in the core's order, and `admin check` looks at what must fit.
    private static let first = """
        CREATE TABLE message (
            seq INTEGER PRIMARY KEY, station TEXT NOT NULL, at INTEGER NOT NULL, outbound INTEGER NOT NULL,
            message_id TEXT, action TEXT, frame BLOB NOT NULL, reply BLOB, problem TEXT
        ) STRICT;
        CREATE INDEX message_of_station ON message(station);

        CREATE TABLE station (
            id TEXT PRIMARY KEY, registration TEXT NOT NULL, site TEXT, node TEXT, model TEXT, voltage INTEGER NOT NULL,
            phases INTEGER NOT NULL, max_milliamperes INTEGER NOT NULL, min_milliamperes INTEGER NOT NULL,
            ownership TEXT NOT NULL, ownership_evidence TEXT, owner TEXT, boot_vendor TEXT, boot_model TEXT,
            boot_serial TEXT, boot_firmware TEXT, security_profile INTEGER NOT NULL, operator_limit INTEGER,
            password_digest TEXT, created_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE station_live (
            station TEXT PRIMARY KEY, last_seen INTEGER NOT NULL, protocol TEXT, connectors TEXT NOT NULL,
            verdict TEXT, rate_unit TEXT, max_stack_level INTEGER, max_periods INTEGER, max_profiles INTEGER,
            phases INTEGER, sample_interval INTEGER, note TEXT, commissioned_at INTEGER
        ) STRICT;
        CREATE TABLE evse_control (
            station TEXT NOT NULL, evse INTEGER NOT NULL, paused INTEGER NOT NULL, power_limit INTEGER,
            charge_now INTEGER NOT NULL, PRIMARY KEY (station, evse)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE session (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, station TEXT NOT NULL, evse INTEGER NOT NULL,
            connector INTEGER NOT NULL, transaction_id TEXT NOT NULL, id_token TEXT, active INTEGER NOT NULL,
            started_at INTEGER NOT NULL, ended_at INTEGER, stop_reason TEXT, register_start INTEGER,
            register_stop INTEGER, register_last INTEGER, register_last_at INTEGER, imported INTEGER NOT NULL,
            exported INTEGER NOT NULL, needs_departure INTEGER, needs_energy INTEGER, needs_minimum INTEGER,
            needs_charge_now INTEGER, needs_by TEXT, needs_at INTEGER, flags TEXT NOT NULL
        ) STRICT;
        CREATE INDEX session_by_start ON session(started_at, id);
        CREATE INDEX session_of_station ON session(station, started_at, id);
        CREATE INDEX session_active ON session(started_at) WHERE active = 1;
        CREATE TABLE session_stay (
            session TEXT PRIMARY KEY, plan INTEGER NOT NULL, start INTEGER NOT NULL, step INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;

        CREATE TABLE reading_tail (
            seq INTEGER PRIMARY KEY, station TEXT NOT NULL, evse INTEGER NOT NULL, session TEXT, at INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX reading_tail_of_evse ON reading_tail(station, evse);
        CREATE TABLE reading_block (
            number INTEGER PRIMARY KEY, station TEXT NOT NULL, evse INTEGER NOT NULL, day INTEGER NOT NULL,
            version INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, count INTEGER NOT NULL,
            made_at INTEGER NOT NULL, superseded_at INTEGER, body BLOB NOT NULL,
            UNIQUE (station, evse, day, version)
        ) STRICT;
        CREATE INDEX reading_block_by_day ON reading_block(day);
        CREATE TABLE reading_session (
            session TEXT NOT NULL, station TEXT NOT NULL, evse INTEGER NOT NULL, day INTEGER NOT NULL,
            PRIMARY KEY (session, station, evse, day)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE id_token (
            value TEXT PRIMARY KEY, status TEXT NOT NULL, expires_at INTEGER, parent TEXT, type TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE command (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, station TEXT NOT NULL, action TEXT NOT NULL,
            payload BLOB NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL, finished_at INTEGER,
            response BLOB, error_code TEXT, error_description TEXT, ordered_by TEXT NOT NULL
        ) STRICT;
        CREATE INDEX command_of_station ON command(station);
        CREATE INDEX command_pending ON command(number) WHERE status = 'pending';

        CREATE TABLE site (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, region TEXT, zone TEXT NOT NULL,
            operator TEXT NOT NULL, mode TEXT NOT NULL, mode_by TEXT, mode_reason TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE site_tariff (
            site TEXT NOT NULL, export INTEGER NOT NULL, position INTEGER NOT NULL, day INTEGER NOT NULL,
            tariff TEXT NOT NULL, PRIMARY KEY (site, export, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE node (
            id TEXT PRIMARY KEY, parent TEXT, site TEXT, power_limit INTEGER, export_limit INTEGER,
            rating_voltamperes INTEGER, rating_power_factor INTEGER, rating_loading INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE node_reading (
            node TEXT NOT NULL, at INTEGER NOT NULL, power INTEGER NOT NULL, PRIMARY KEY (node, at)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE node_quarter (
            node TEXT NOT NULL, at INTEGER NOT NULL, power INTEGER NOT NULL, count INTEGER NOT NULL,
            PRIMARY KEY (node, at)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE site_power (
            site TEXT NOT NULL, at INTEGER NOT NULL, measured INTEGER, charging INTEGER, planned INTEGER,
            power_limit INTEGER, base INTEGER, base_is_stale INTEGER NOT NULL, level TEXT, PRIMARY KEY (site, at)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE plan (
            id INTEGER PRIMARY KEY, site TEXT NOT NULL, computed_at INTEGER NOT NULL, body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX plan_of_site ON plan(site);
        CREATE TABLE alarm (
            id INTEGER PRIMARY KEY, priority INTEGER NOT NULL, code TEXT NOT NULL, site TEXT, object TEXT NOT NULL,
            detail TEXT NOT NULL, since INTEGER NOT NULL, ended_at INTEGER, acknowledged_by TEXT,
            acknowledged_at INTEGER
        ) STRICT;
        CREATE INDEX alarm_active ON alarm(since) WHERE ended_at IS NULL;
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, action TEXT NOT NULL,
            object TEXT NOT NULL, detail TEXT NOT NULL
        ) STRICT;
        CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE day_report (
            site TEXT NOT NULL, day INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (site, day)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE access_token (
            number INTEGER PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, digest BLOB NOT NULL UNIQUE,
            created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
        ) STRICT;
        CREATE TABLE access_user (
            name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE web_session (
            digest BLOB PRIMARY KEY, user TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
