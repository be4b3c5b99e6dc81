import Glibc

/// How many files this process may hold open, sockets among them.
enum FileLimit {
    /// Raises the soft limit to the hard one: distributions start programs with 1024, which would turn the thousandth
    /// station away.
    /// - Returns: the limit that holds now.
    static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var wanted = limit
            wanted.rlim_cur = limit.rlim_max
            // Where it is refused the old limit goes on holding.
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted) == 0 { limit = wanted }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
