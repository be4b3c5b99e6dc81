/// Made by other programs: Python's hashlib and the reference `argon2` of its authors
/// (`echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 24 -e`).
enum Golden {
    static let salted = "17ffbefe59cfaeb5eabf5d6e46b1d0aed2f515ed6479f9903c9baabd331c02fe"
    static let argon2 = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$2mzTAI85jwP6+k/mHDeH3OgNt7E86G5W"
}
