import Glibc

/// The terminal that a person watches, if there is one.
public enum Terminal {
    /// Its width in columns; nil where output goes to a file, a pipe or another machine.
    ///
    /// Open MPI gives every rank a terminal of its own without a size, whatever `mpirun` itself writes to. Under `mpirun` on this machine the
    /// question is therefore put to what `mpirun` writes to; a rank started by a daemon on another node has no terminal.
    public static func width() -> Int? {
        guard getenv("OMPI_COMM_WORLD_SIZE") != nil else { return columns(of: STDOUT_FILENO) }
        guard let launcher = launcherProcess() else { return nil }
        let descriptor = open("/proc/\(launcher)/fd/1", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return columns(of: descriptor)
    }

    private static func columns(of descriptor: Int32) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The `mpirun` among the nearest ancestors of this process.
    private static func launcherProcess() -> pid_t? {
        var process = getppid()
        for _ in 0..<4 where process > 1 {
            // pid (name) state parent ...; a name may hold spaces and brackets.
            guard let stat = firstLine(of: "/proc/\(process)/stat"), let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")") else {
                return nil
            }
            let name = stat[stat.index(after: open)..<close]
            if ["mpirun", "mpiexec", "orterun", "prterun"].contains(name) { return process }
            guard let parent = stat[close...].split(separator: " ").dropFirst(2).first.flatMap({ pid_t($0) }) else { return nil }
            process = parent
        }
        return nil
    }

    private static func firstLine(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
