public import Support

/// The page that shows a run: HTML, style and script in one, from the files in the folder Page.
public enum RunPage {
    /// - Parameter news: What the page shows; nil for a page that asks for it again and again, at `news` beside its own address.
    public static func html(_ news: RunNews?) -> [UInt8] {
        let script = PackageResources.numbers_js + PackageResources.chart_js + PackageResources.page_js
        let parts = ["nonce": nonce, "style": PackageResources.style_css, "script": script, "news": news.map { embedded($0.json) } ?? []]
        var out: [UInt8] = []
        var rest = PackageResources.page_html[...]
        // Each mark once, from the front: a mark inside a part is no mark.
        while let start = rest.firstRange(of: "{{".utf8), let end = rest[start.upperBound...].firstRange(of: "}}".utf8) {
            out += rest[..<start.lowerBound]
            out += parts[String(decoding: rest[start.upperBound..<end.lowerBound], as: UTF8.self)] ?? []
            rest = rest[end.upperBound...]
        }
        return out + rest
    }

    /// JSON that no reader of HTML takes for the end of its element: `<` stands in JSON's texts only, which know it by its number too.
    private static func embedded(_ json: [UInt8]) -> [UInt8] {
        json.flatMap { $0 == UInt8(ascii: "<") ? Array("\\u003c".utf8) : [$0] }
    }

    /// By it the page's policy knows the page's own script; nobody can foresee it.
    private static var nonce: [UInt8] {
        var random = SystemRandomNumberGenerator()
        return Array((String(random.next(), radix: 16) + String(random.next(), radix: 16)).utf8)
    }
}

extension RunFolder {
    /// Where the page of a run that has ended lies.
    public var reportPath: String { "\(path)/report.html" }

    /// Writes `report.html`: the page with all that the folder tells.
    public func writeReport() throws(TrainerError) {
        try FileSystem().replace(reportPath, with: RunPage.html(try RunNews.read(self)))
    }
}
