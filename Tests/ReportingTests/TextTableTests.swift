import Testing

@testable import Reporting

@Suite struct TextTableTests {
    @Test("text: columns aligned left and right, wide characters counted twice, no spaces at ends of lines")
    func aligned() {
        var table = TextTable([.init("measure"), .init("before", .right), .init("after", .right)])
        table.add(["held-out loss", "2.31", "0.5"])
        table.add(["日本語 👍", "", "100.0 %"])
        table.add(["cafe\u{301}", "1", ""])
        #expect(
            table.text == """
                measure        before    after
                -------------  ------  -------
                held-out loss    2.31      0.5
                日本語 👍              100.0 %
                cafe\u{301}                1

                """)
    }

    @Test("text: long cells are broken at spaces, and the rest of the row stays where it is")
    func broken() {
        var table = TextTable([.init(""), .init("", widest: 9)])
        table.add(["prompt", "the quick brown\nfox"])
        table.add(["answer", "incomprehensible"])
        #expect(table.text == "prompt  the quick\n        brown\n        fox\nanswer  incompreh\n        ensible\n")
    }

    @Test("lines: nothing is lost but the spaces at breaks, whatever the width")
    func nothingLost() {
        let text = "a bb  ccc dddddddddd 日本語日本語 e\n\nf"
        for width in 1...30 {
            let broken = lines(of: text, width: width)
            #expect(broken.joined().filter { $0 != " " } == text.filter { $0 != " " && $0 != "\n" })
            #expect(broken.allSatisfy { displayWidth($0) <= max(width, 2) })
        }
    }
}
