import Support
import Tensors

extension LanguageModel {
    /// The model's structure, all of it trainable and without storage yet.
    ///
    /// Matrices that share an input stand next to each other in their unit, so they lie together in memory.
    public static func build(_ options: DecoderOptions, _ architecture: any Architecture.Type) -> LanguageModel {
        let builder = Builder(options: options, architecture: architecture)
        let rotary = RotaryTable(options.rotary, headSize: options.heads.headSize)
        let embedding = builder.matrix(.embedding, rows: options.vocabulary, columns: options.channels)
        let head = options.isTied ? embedding : builder.matrix(.head, rows: options.vocabulary, columns: options.channels)
        let blocks = (0..<options.layerCount).map { builder.block($0, rotary) }
        return LanguageModel(
            options: options, architecture: architecture, embedding: embedding, blocks: blocks, finalNorm: builder.norm(.finalNorm), head: head,
            rotary: rotary)
    }
}

/// Makes parameters and layers by the family's table.
private struct Builder {
    let options: DecoderOptions
    let architecture: any Architecture.Type

    func name(_ role: ParameterRole, layer: Int) -> String {
        guard let row = architecture.table.first(where: { $0.role == role }) else { preconditionFailure("Builder.name: the table lacks \(role)") }
        return ParameterRow.fill(row.name, layer: layer)
    }

    func matrix(_ role: ParameterRole, layer: Int = 0, rows: Int, columns: Int) -> Parameter {
        Parameter(name: name(role, layer: layer), rows: rows, columns: columns, isTrainable: true)
    }

    func norm(_ role: ParameterRole, layer: Int = 0) -> Norm {
        let gain = Parameter(name: name(role, layer: layer), rows: 1, columns: options.channels, isVector: true, isTrainable: true)
        return Norm(gain: gain, epsilon: options.normEpsilon)
    }

    func linear(_ roles: [(role: ParameterRole, rows: Int)], layer: Int, columns: Int, place: Int) -> Linear {
        let parts = roles.map { role, rows in
            let parameter = matrix(role, layer: layer, rows: rows, columns: columns)
            let path = String(parameter.name.dropLast(".weight".count))
            return Linear.Part(parameter: parameter, target: String(path.split(separator: ".").last ?? ""), path: path)
        }
        return Linear(parts: parts, place: layer * 4 + place)
    }

    func block(_ layer: Int, _ rotary: RotaryTable) -> DecoderBlock {
        let (channels, width) = (options.channels, options.feedForwardWidth)
        let (queries, keys) = (options.heads.queryHeads * options.heads.headSize, options.heads.keyHeads * options.heads.headSize)
        let attention = Attention(
            norm: norm(.attentionNorm, layer: layer),
            queryKeyValue: linear([(.query, queries), (.key, keys), (.value, keys)], layer: layer, columns: channels, place: 0),
            output: linear([(.attentionOutput, channels)], layer: layer, columns: queries, place: 1), heads: options.heads, rotary: rotary,
            layer: layer)
        let feedForward = FeedForward(
            norm: norm(.feedForwardNorm, layer: layer), gateUp: linear([(.gate, width), (.up, width)], layer: layer, columns: channels, place: 2),
            down: linear([(.down, channels)], layer: layer, columns: width, place: 3))
        let linears = [attention.queryKeyValue, attention.output, feedForward.gateUp, feedForward.down]
        let parameters = linears.flatMap { $0.parts.map(\.parameter) } + [attention.norm.gain, feedForward.norm.gain]
        return DecoderBlock(attention: attention, feedForward: feedForward, unit: ParameterUnit(name: "block \(layer)", parameters: parameters))
    }
}

extension LanguageModel {
    /// What files call the parameters of the base model, by their names in safetensors.
    public var fileRows: [String: (row: ParameterRow, ggufName: String)] {
        var rows: [String: (row: ParameterRow, ggufName: String)] = [:]
        for row in architecture.table {
            for layer in row.name.contains("{layer}") ? 0..<options.layerCount : 0..<1 {
                rows[ParameterRow.fill(row.name, layer: layer)] = (row, ParameterRow.fill(row.ggufName, layer: layer))
            }
        }
        return rows
    }
}
