import Foundation
import Reporting
import Synchronization
import TestSupport
import Testing

@testable import Watching

/// The bytes that a server on the loopback address sends for a request; nil if nothing listens at the address.
private func exchange(_ request: String, address: String = "127.0.0.1", port: Int) -> String? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = in_port_t(port).bigEndian
    inet_pton(AF_INET, address, &target.sin_addr)
    let status = withUnsafePointer(to: &target) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else { return nil }
    _ = request.withCString { write(socket, $0, strlen($0)) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = read(socket, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

@Suite struct WatchServerTests {
    @Test("the server answers on a free port of the loopback address and on no other, with headers that keep the page to itself")
    func serves() async throws {
        let folder = RunFolder(path: "/nowhere")
        let (addresses, sink) = AsyncStream<(Int, String)>.makeStream()
        let server = Task { try await WatchServer.serve(folder, port: nil) { sink.yield(($0, $1)) } }
        var started = addresses.makeAsyncIterator()
        let (port, address) = try #require(await started.next())
        let path = "/\(address.split(separator: "/")[2])"
        let page = try #require(exchange("GET \(path)/ HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n", port: port))
        #expect(page.hasPrefix("HTTP/1.1 200") && page.contains("<!doctype html>"))
        for header in ["cache-control: no-store", "x-frame-options: DENY", "referrer-policy: no-referrer"] {
            #expect(page.lowercased().contains(header.lowercased()))
        }
        let stranger = try #require(exchange("GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n", port: port))
        #expect(stranger.hasPrefix("HTTP/1.1 403"))
        // Another address of this machine than the one that was bound: nothing listens there.
        #expect(exchange("GET \(path)/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", address: "127.0.0.2", port: port) == nil)
        server.cancel()
        _ = await server.result
    }
}
