internal import SwiftProtobuf
import Support

/// An event as a record of TensorBoard's files: length, checksum of the length, message, checksum of the message.
///
/// TensorFlow, core/lib/io/record_writer.h.
enum EventRecord {
    /// - Throws: `format` if the message can't be encoded: one of over 2 GB.
    static func bytes(_ event: TensorBoardEvent) throws(TrainerError) -> [UInt8] {
        let message: [UInt8]
        do { message = try event.serializedBytes() } catch { throw TrainerError(.format, "TensorBoard event", "can't be encoded (\(error))") }
        let length = littleEndian(UInt64(message.count))
        return length + littleEndian(CRC32C.masked(length)) + message + littleEndian(CRC32C.masked(message))
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
}
