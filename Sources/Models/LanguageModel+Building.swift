public import Support
public import Tensors

extension LanguageModel {
    /// The model's structure, all of it trainable and without storage yet.
    ///
    /// Matrices that share an input stand next to each other in their unit, so they lie together in memory.
    ///
    /// - Parameter share: What this rank keeps.
    /// - Precondition: `DecoderOptions.checkTensorSize` finds nothing wrong.
    public static func build(
        _ options: DecoderOptions, _ architecture: any Architecture.Type, share: ModelShare = ModelShare()
    ) -> LanguageModel {
        let builder = Builder(options: options, architecture: architecture, place: share.tensor, heads: options.heads.part(of: share.tensor))
        let rotary = RotaryTable(options.rotary, headSize: options.heads.headSize)
        let embedding = builder.vocabularyMatrix(.embedding)
        let head = options.isTied ? embedding : builder.vocabularyMatrix(.head)
        let blocks = (0..<options.layerCount).map { builder.block($0, rotary) }
        return LanguageModel(
            options: options, architecture: architecture, share: share, embedding: embedding, blocks: blocks, finalNorm: builder.norm(.finalNorm),
            head: head, rotary: rotary)
    }

    /// The heads that this rank computes.
    public var localHeads: AttentionHeads { blocks.first?.attention.heads ?? options.heads }
}

extension DecoderOptions {
    /// Refuses a tensor group whose ranks can't share out the heads evenly, and names the sizes that work.
    public func checkTensorSize(_ size: Int) throws(TrainerError) {
        guard !heads.canBeShared(by: size) else { return }
        let sizes = (1...max(1, heads.queryHeads)).filter(heads.canBeShared).map(String.init)
        let list = sizes.count == 1 ? sizes[0] : sizes.dropLast().joined(separator: ", ") + " or " + (sizes.last ?? "")
        throw TrainerError(
            .configuration, "parallel.tensor",
            "\(size) ranks can't share out \(heads.queryHeads) query and \(heads.keyHeads) key heads evenly", remedy: "Use \(list)")
    }
}

extension AttentionHeads {
    func canBeShared(by size: Int) -> Bool { queryHeads % size == 0 && (keyHeads % size == 0 || size % keyHeads == 0) }

    /// The heads of one rank of a tensor group: an even part of the query heads, and the key heads that these use.
    func part(of place: TensorPlace) -> AttentionHeads {
        precondition(canBeShared(by: place.size), "AttentionHeads.part: \(place.size) ranks for \(queryHeads) and \(keyHeads) heads")
        var part = self
        part.queryHeads = queryHeads / place.size
        part.keyHeads = max(1, keyHeads / place.size)
        return part
    }
}

/// Makes parameters and layers by the family's table.
private struct Builder {
    let options: DecoderOptions
    let architecture: any Architecture.Type
    let place: TensorPlace
    /// Of this rank.
    let heads: AttentionHeads

    func name(_ role: ParameterRole, layer: Int) -> String {
        guard let row = architecture.table.first(where: { $0.role == role }) else { preconditionFailure("Builder.name: the table lacks \(role)") }
        return ParameterRow.fill(row.name, layer: layer)
    }

    func vocabularyMatrix(_ role: ParameterRole) -> Parameter {
        Parameter(name: name(role, layer: 0), slice: place.rows(options.vocabulary, columns: options.channels), isTrainable: true)
    }

    func norm(_ role: ParameterRole, layer: Int = 0) -> Norm {
        let slice = place.whole(rows: 1, columns: options.channels)
        let gain = Parameter(name: name(role, layer: layer), slice: slice, isVector: true, isTrainable: true)
        return Norm(gain: gain, epsilon: options.normEpsilon)
    }

    func linear(_ roles: [(role: ParameterRole, slice: ParameterSlice)], layer: Int, index: Int) -> Linear {
        let parts = roles.map { role, slice in
            let parameter = Parameter(name: name(role, layer: layer), slice: slice, isTrainable: true)
            let path = String(parameter.name.dropLast(".weight".count))
            return Linear.Part(parameter: parameter, target: String(path.split(separator: ".").last ?? ""), path: path)
        }
        return Linear(parts: parts, place: layer * 4 + index)
    }

    /// Query, key, value, gate and up are cut by rows, so their outputs are a rank's own; attention's output and down by columns, as the inputs are.
    func block(_ layer: Int, _ rotary: RotaryTable) -> DecoderBlock {
        let (channels, width, whole) = (options.channels, options.feedForwardWidth, options.heads)
        let query = place.rows(whole.queryHeads * whole.headSize, columns: channels)
        let key = place.rows(whole.keyHeads * whole.headSize, columns: channels, parts: whole.keyHeads)
        let wide = place.rows(width, columns: channels)
        let attention = Attention(
            norm: norm(.attentionNorm, layer: layer),
            queryKeyValue: linear([(.query, query), (.key, key), (.value, key)], layer: layer, index: 0),
            output: linear([(.attentionOutput, place.columns(whole.queryHeads * whole.headSize, rows: channels))], layer: layer, index: 1),
            heads: heads, rotary: rotary, layer: layer)
        let feedForward = FeedForward(
            norm: norm(.feedForwardNorm, layer: layer), gateUp: linear([(.gate, wide), (.up, wide)], layer: layer, index: 2),
            down: linear([(.down, place.columns(width, rows: channels))], layer: layer, index: 3))
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
