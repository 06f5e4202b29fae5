/// A piece of a template's source.
struct TemplateToken: Equatable {
    enum Kind: Equatable {
        case text([UInt8])
        case blockBegin, blockEnd, outputBegin, outputEnd
        case name(String)
        case string([UInt8])
        case integer(Int)
        case double(Double)
        /// An operator or bracket.
        case sign(String)
        case end
    }

    let kind: Kind
    /// Where it begins in the source.
    let offset: Int

    var description: String {
        switch kind {
        case .text: "text"
        case .blockBegin: "{%"
        case .blockEnd: "%}"
        case .outputBegin: "{{"
        case .outputEnd: "}}"
        case .name(let name): name
        case .string: "a string"
        case .integer, .double: "a number"
        case .sign(let sign): sign
        case .end: "the end of the template"
        }
    }
}
