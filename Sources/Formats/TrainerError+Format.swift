import Support

extension TrainerError {
    /// Bytes that break a format, at an offset in a file.
    static func format(_ path: String, at offset: Int, _ problem: String, remedy: String? = nil) -> TrainerError {
        TrainerError(.format, "\(path): byte \(offset)", problem, remedy: remedy)
    }

    /// A tensor of a file that breaks the format or can't be read.
    static func format(_ path: String, tensor: String, _ problem: String, remedy: String? = nil) -> TrainerError {
        let name = tensor.count <= 120 ? tensor : "\(tensor.prefix(100))... (\(tensor.count) characters)"
        return TrainerError(.format, "\(path): tensor \(name)", problem, remedy: remedy)
    }
}
