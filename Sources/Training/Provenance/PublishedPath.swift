import Foundation

/// A path as files that are handed on have it: relative to the folder that the program was started in, so that it tells nothing of the machine.
///
/// A path that is relative already, or a name on a hub, stays as it is.
func publishedPath(_ path: String, from folder: String = FileManager.default.currentDirectoryPath) -> String {
    guard path.hasPrefix("/") else { return path }
    func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
    let (target, start) = (parts(path), parts(folder))
    let common = zip(target, start).prefix { $0 == $1 }.count
    let relative = Array(repeating: "..", count: start.count - common) + target.dropFirst(common).map(String.init)
    return relative.isEmpty ? "." : relative.joined(separator: "/")
}
