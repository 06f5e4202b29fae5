import Testing

@testable import Training

@Suite struct PublishedPathTests {
    @Test(
        "absolute paths become relative to a folder, others stay",
        arguments: [
            ("/home/ada/here/models/small", "models/small"), ("/home/ada/models/small", "../models/small"), ("/srv/x", "../../../srv/x"),
            ("/home/ada/here", "."), ("/home/ada/here/", "."), ("models/small", "models/small"), ("owner/name", "owner/name"),
        ])
    func relative(path: String, wanted: String) { #expect(publishedPath(path, from: "/home/ada/here") == wanted) }
}
