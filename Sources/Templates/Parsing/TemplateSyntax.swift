/// What a template is parsed to.
enum TemplateSyntax {
    struct Statement: Sendable {
        let kind: Kind
        /// Where it stands in the source.
        let offset: Int

        indirect enum Kind: Sendable {
            case text([UInt8])
            case output(Expression)
            case branch([(condition: Expression, body: [Statement])], otherwise: [Statement])
            case loop(Loop)
            case set(Target, Expression)
            /// `set` with a block; the filters' innermost operand is `captured`.
            case capture(Target, Expression, [Statement])
            case macro(Macro)
            case call(Expression, Macro)
            /// A `filter` block; the innermost operand is `captured`.
            case filter(Expression, [Statement])
            case with([(Target, Expression)], [Statement])
            case generation(Macro)
            case breakLoop, continueLoop
        }
    }

    struct Loop: Sendable {
        let target: Target
        let items: Expression
        let condition: Expression?
        let isRecursive: Bool
        let body: [Statement]
        let otherwise: [Statement]
    }

    final class Macro: Sendable {
        /// Empty for the body of a block.
        let name: String
        let parameters: [(name: Int, defaultValue: Expression?)]
        let body: [Statement]
        /// Which of `caller`, `varargs` and `kwargs` the body reads; only those may be given.
        let implicitNames: Set<Int>

        init(name: String, parameters: [(name: Int, defaultValue: Expression?)], body: [Statement], implicitNames: Set<Int>) {
            self.name = name
            self.parameters = parameters
            self.body = body
            self.implicitNames = implicitNames
        }
    }

    /// What is assigned to.
    indirect enum Target: Sendable {
        case name(Int)
        case attribute(of: Int, String)
        case tuple([Target])
    }

    struct Expression: Sendable {
        let kind: Kind
        /// Where it stands in the source.
        let offset: Int
        /// How deep expressions lie in one another here, this one included.
        let depth: Int

        indirect enum Kind: Sendable {
            case constant(TemplateValue)
            case name(Int)
            /// The text that a block captured.
            case captured
            case attribute(Expression, String)
            case item(Expression, Expression)
            case slice(Expression, from: Expression?, to: Expression?, by: Expression?)
            case call(Expression, Arguments)
            case filter(Expression, String, Arguments)
            case test(Expression, String, Arguments)
            case list([Expression], isTuple: Bool)
            case mapping([(Expression, Expression)])
            case negation(Expression)
            case identity(Expression)
            case not(Expression)
            case and(Expression, Expression)
            case or(Expression, Expression)
            case arithmetic(Arithmetic, Expression, Expression)
            case concatenation([Expression])
            case comparison(Expression, [(Comparison, Expression)])
            case conditional(Expression, condition: Expression, otherwise: Expression?)
        }
    }

    struct Arguments: Sendable {
        var positional: [Expression] = []
        var keywords: [(name: String, value: Expression)] = []
        /// After `*`.
        var sequence: Expression?
        /// After `**`.
        var mapping: Expression?

        var all: [Expression] { positional + keywords.map(\.value) + [sequence, mapping].compactMap(\.self) }
    }

    enum Arithmetic: String, Sendable {
        case add = "+", subtract = "-", multiply = "*", divide = "/", floorDivide = "//", remainder = "%", power = "**"
    }

    enum Comparison: String, Sendable {
        case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">=", isIn = "in", isNotIn = "not in"
    }
}

/// The names of a template, by number: variables are looked up often.
struct TemplateNames: Sendable {
    private(set) var spellings: [String] = []
    private var numbers: [String: Int] = [:]

    /// Names that have a meaning of their own in macros and loops.
    static let caller = 0, variableArguments = 1, keywordArguments = 2, loop = 3, prompt = 4

    init() { for name in ["caller", "varargs", "kwargs", "loop", "add_generation_prompt"] { _ = number(of: name) } }

    mutating func number(of name: String) -> Int {
        if let number = numbers[name] { return number }
        numbers[name] = spellings.count
        spellings.append(name)
        return spellings.count - 1
    }
}
