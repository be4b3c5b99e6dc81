import Foundation

public extension Message {
    /// What the operating system says of a failed call.
    /// - Parameter number: its `errno`.
    static func system(_ number: Int32) -> Message {
        let english = String(cString: strerror(number))
        return .words(english, systemChinese[number] ?? english)
    }

    /// What people meet; the rest stays as the system says it.
    private static let systemChinese: [Int32: String] = [
        ENOENT: "文件或目录不存在", EACCES: "没有权限", EPERM: "不允许该操作", EEXIST: "已存在", ENOTDIR: "路径中有一段不是目录",
        EISDIR: "是目录", ENOSPC: "磁盘空间不足", EROFS: "文件系统只读", EIO: "输入输出错误", EMFILE: "打开的文件过多",
        ELOOP: "符号链接层级过多", ENAMETOOLONG: "名称过长", EBUSY: "正在使用中", EPIPE: "读取方已关闭", EDQUOT: "超出磁盘配额",
        EADDRINUSE: "地址已被占用",
    ]
}
