import Parallelism
import Support
import TestSupport
import Testing

@Suite struct GridShapeTests {
    @Test("places: tensor innermost, then context, pipeline, data; each place once")
    func places() {
        let shape = GridShape(data: 2, pipeline: 3, context: 2, tensor: 2)
        let places = (0..<shape.rankCount).map { shape.place(ofRank: $0) }
        #expect(Set(places).count == 24)
        for (rank, place) in places.enumerated() {
            #expect(((place.data * 3 + place.pipeline) * 2 + place.context) * 2 + place.tensor == rank)
        }
        #expect(shape.description == "data 2 × pipeline 3 × context 2 × tensor 2")
    }

    private func refusal(_ rankCount: Int, data: Int? = nil, pipeline: Int = 1, context: Int = 1, tensor: Int = 1) -> String? {
        do throws(TrainerError) {
            _ = try GridShape.fitting(rankCount: rankCount, data: data, pipeline: pipeline, context: context, tensor: tensor)
            return nil
        } catch { return error.description }
    }

    @Test("fitting: copies for all ranks, or as many as were asked for")
    func fitting() throws {
        #expect(try GridShape.fitting(rankCount: 12, data: nil, pipeline: 2, context: 1, tensor: 3) == GridShape(data: 2, pipeline: 2, tensor: 3))
        #expect(try GridShape.fitting(rankCount: 4, data: 2, pipeline: 1, context: 2, tensor: 1) == GridShape(data: 2, context: 2))
        #expect(try GridShape.fitting(rankCount: 5, data: nil, pipeline: 1, context: 1, tensor: 1) == GridShape(data: 5))
    }

    @Test("fitting: so many share out, or all; what does not divide them is refused")
    func sharing() throws {
        func shape(_ sharing: Int?) throws -> GridShape {
            try GridShape.fitting(rankCount: 12, data: nil, pipeline: 1, context: 2, tensor: 2, sharing: sharing)
        }
        #expect(try shape(nil).sharing == 6 && shape(2).sharing == 2)
        let error = #expect(throws: TrainerError.self) { try shape(4) }
        #expect(
            error?.description
                == "configuration: parallel.zero_ranks: 4 does not divide the 6 ranks that hold the same parameters. Use auto or one of 1, 2, 3, 6.")
    }

    @Test("fitting: what does not make up the job's ranks is refused, and the counts that would do are named")
    func refused() {
        #expect(
            refusal(4, pipeline: 2, tensor: 3)
                == "configuration: parallel: copies of the model of pipeline 2 × tensor 3 take 6 ranks each, and the job has 4. Start 6 ranks, or divide the model otherwise."
        )
        #expect(
            refusal(5, context: 2)
                == "configuration: parallel: copies of the model of context 2 take 2 ranks each, and the job has 5. Start 4 or 6 ranks, or divide the model otherwise."
        )
        #expect(refusal(4, data: 3) == "configuration: parallel.data: asks for 3 copies on 4 ranks. Use auto or 4, or start 3 ranks.")
        #expect(
            refusal(4, data: 4, tensor: 2)
                == "configuration: parallel.data: asks for 4 copies of tensor 2 on 4 ranks. Use auto or 2, or start 8 ranks."
        )
        #expect(refusal(3, data: 1, tensor: 2) == "configuration: parallel.data: asks for 1 copies of tensor 2 on 3 ranks. Start 2 ranks.")
    }
}
