import Foundation
internal import SwiftProtobuf
import Support

extension TensorBoardEvent {
    init(step: Int, time: Double, _ values: [TensorBoardSummary.Value]) {
        self.init()
        self.step = Int64(step)
        wallTime = time
        summary.value = values
    }

    init(_ record: some MetricsRecord) {
        var values = record.scalars.map { TensorBoardSummary.Value.scalar($0.tag, $0.value) }
        if !record.samples.isEmpty {
            let rows = record.samples.map { [$0.prompt, $0.wanted, $0.generated].map(verbatim) }
            values.append(.text("\(record.label)/samples", [["prompt", "wanted", "generated"]] + rows))
        }
        self.init(step: record.step, time: record.time, values)
    }

    /// What a file begins with.
    static func version(time: Double) -> TensorBoardEvent {
        var event = TensorBoardEvent()
        event.wallTime = time
        event.fileVersion = "brain.Event:2"
        return event
    }

    /// From here on the file tells everything anew: a reader forgets what other files told it.
    static func start(time: Double) -> TensorBoardEvent {
        var event = TensorBoardEvent()
        event.wallTime = time
        event.sessionLog.status = .start
        return event
    }
}

extension TensorBoardSummary.Value {
    static func scalar(_ tag: String, _ value: Double) -> Self {
        var summary = Self()
        summary.tag = tag
        summary.simpleValue = Float(value)
        return summary
    }

    /// A table of texts in Markdown, for the text plugin.
    static func text(_ tag: String, _ rows: [[String]]) -> Self {
        var summary = Self()
        summary.tag = tag
        summary.metadata.plugin.name = "text"
        summary.metadata.dataClass = 2
        summary.tensor.kind = .string
        summary.tensor.shape.dimension = [rows.count, rows.first?.count ?? 0].map { count in
            var dimension = TensorBoardTensor.Shape.Dimension()
            dimension.size = Int64(count)
            return dimension
        }
        summary.tensor.strings = rows.flatMap { $0 }.map { Data($0.utf8) }
        return summary
    }

    /// A record of the hyperparameter plugin, whose value is in its metadata.
    static func hyperparameters(_ tag: String, _ content: TensorBoardHyperparameters) throws(TrainerError) -> Self {
        var summary = Self()
        summary.tag = tag
        summary.metadata.plugin.name = "hparams"
        // In the order of the keys, so that equal runs give equal bytes.
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        do {
            summary.metadata.plugin.content = try content.serializedBytes(options: options)
        } catch {
            throw TrainerError(.format, "TensorBoard's hyperparameters", "can't be encoded (\(error))")
        }
        summary.metadata.dataClass = 2
        summary.tensor.kind = .float
        summary.tensor.shape.dimension = [TensorBoardTensor.Shape.Dimension()]
        return summary
    }
}

/// A text that Markdown leaves as it is: a block of code.
private func verbatim(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }.joined(separator: "\n")
}
