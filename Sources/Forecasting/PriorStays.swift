import Quantities

/// What is assumed of drivers at a site where nothing was seen yet: strata of recorded private stays at a Norwegian housing
/// cooperative (Sørensen et al., Data in Brief 36 (2021) 107105, CC BY 4.0), rounded. Ten stays of the site outweigh it.
enum PriorStays {
    private typealias Row = (isFree: Bool, isNextFree: Bool, hour: Double, durations: [Double], energies: [Double])

    /// Per kind of day and block of arrival hours: hours of stay and kWh at 5, 20, 35, 50, 65, 80 and 95 %.
    private static let rows: [Row] = [
        // Monday to Thursday
        (false, false, 7.5, [0.4, 2.0, 4.0, 6.8, 7.9, 10.3, 29.1], [1.1, 3.0, 6.6, 10.6, 14.2, 17.9, 21.5]),
        (false, false, 12.5, [0.0, 1.7, 3.1, 4.8, 7.5, 21.9, 46.8], [0.1, 3.1, 4.9, 6.5, 8.7, 12.9, 28.3]),
        (false, false, 16.0, [0.5, 1.5, 2.5, 5.0, 15.1, 16.3, 23.7], [1.3, 3.5, 5.2, 6.8, 9.8, 14.4, 24.7]),
        (false, false, 18.5, [0.5, 2.1, 11.4, 12.4, 13.4, 15.1, 22.6], [1.4, 4.2, 6.7, 8.8, 11.9, 15.9, 33.0]),
        (false, false, 21.5, [1.2, 8.9, 9.8, 10.5, 11.4, 13.9, 20.9], [2.5, 4.9, 7.3, 9.5, 12.8, 17.0, 32.8]),
        // Friday
        (false, true, 7.0, [1.3, 3.0, 5.7, 8.2, 9.9, 12.2, 26.3], [1.8, 4.9, 7.3, 11.3, 13.2, 16.9, 27.9]),
        (false, true, 12.5, [0.0, 0.8, 1.9, 3.6, 5.2, 22.6, 51.1], [0.1, 2.5, 4.8, 6.2, 7.8, 11.3, 17.9]),
        (false, true, 16.0, [0.3, 1.6, 3.3, 16.8, 19.4, 22.1, 47.8], [0.9, 3.6, 4.9, 7.2, 9.8, 14.5, 29.3]),
        (false, true, 18.5, [0.3, 2.5, 13.1, 16.6, 18.1, 21.1, 45.7], [0.8, 4.3, 6.6, 8.0, 10.6, 15.9, 45.2]),
        (false, true, 22.0, [0.8, 9.3, 11.3, 12.5, 13.9, 17.2, 59.2], [2.2, 4.7, 7.5, 9.3, 12.3, 18.9, 34.5]),
        // Saturday
        (true, true, 2.0, [1.8, 4.4, 7.5, 9.7, 11.2, 13.0, 36.3], [2.9, 7.3, 11.8, 15.2, 16.7, 18.0, 48.1]),
        (true, true, 12.5, [0.5, 1.6, 2.2, 3.2, 9.5, 25.0, 47.6], [1.3, 3.0, 4.5, 6.1, 7.8, 11.9, 28.1]),
        (true, true, 15.5, [0.7, 2.0, 3.6, 16.7, 21.3, 26.0, 43.1], [2.1, 4.4, 5.7, 7.1, 8.8, 14.8, 30.3]),
        (true, true, 18.5, [0.7, 3.2, 13.9, 17.3, 19.4, 23.5, 39.1], [1.5, 4.6, 6.6, 8.8, 10.8, 16.4, 35.7]),
        (true, true, 22.0, [1.6, 9.2, 11.4, 12.6, 15.2, 17.7, 35.9], [2.4, 4.3, 6.3, 8.8, 13.0, 16.5, 34.1]),
        // Sunday
        (true, false, 2.5, [0.9, 5.9, 8.3, 9.4, 11.9, 13.7, 16.8], [2.8, 5.4, 7.9, 11.3, 15.3, 17.9, 23.9]),
        (true, false, 13.0, [0.9, 2.3, 3.9, 5.6, 17.5, 19.1, 30.7], [3.0, 3.8, 5.5, 8.3, 14.0, 22.4, 37.6]),
        (true, false, 15.5, [0.8, 2.6, 6.2, 15.1, 16.2, 17.4, 41.5], [2.0, 4.8, 6.5, 8.5, 12.2, 18.1, 37.6]),
        (true, false, 18.5, [1.2, 4.9, 12.3, 12.9, 13.9, 16.1, 23.9], [2.2, 5.1, 7.7, 10.5, 14.3, 21.3, 43.7]),
        (true, false, 21.5, [2.2, 8.9, 10.0, 10.6, 11.4, 13.5, 20.4], [2.4, 5.0, 7.8, 10.1, 12.7, 18.0, 43.7]),
    ]

    static let entries: [StayHistory.Entry] = rows.flatMap { row in
        zip(row.durations, row.energies).map { duration, energy in
            StayHistory.Entry(
                context: StayHistory.Context(day: 0, hour: row.hour, isFree: row.isFree, isNextFree: row.isNextFree),
                duration: duration, energy: energy)
        }
    }
}
