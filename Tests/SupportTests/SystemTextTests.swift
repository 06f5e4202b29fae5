import Testing

@testable import Support

@Suite struct SystemTextTests {
    @Test("lines of /proc and /sys are read, and what is not there is nil")
    func values() {
        let text = "MemTotal:       24640872 kB\nMemAvailable:   23000000 kB\nHugePages_Total:       3\nBroken:\nHuge: 9223372036854775807 kB\n"
        #expect(SystemText.meminfo("MemTotal", in: text) == 24_640_872 * 1024)
        #expect(SystemText.meminfo("HugePages_Total", in: text) == 3)
        #expect(SystemText.meminfo("Broken", in: text) == nil && SystemText.meminfo("Mem", in: text) == nil)
        #expect(SystemText.meminfo("Huge", in: text) == nil)
        #expect(SystemText.choice("always [madvise] never\n") == "madvise" && SystemText.choice("x") == nil)
        #expect(SystemText.coreQuota("150000 100000\n") == 1.5 && SystemText.coreQuota("max 100000\n") == nil)
        #expect(SystemText.read("/proc/self/none") == nil && SystemText.read("/proc/self/stat")?.isEmpty == false)
    }
}
