public import Tokenizers

extension Tokenizer.Encoding: EncodedText {}
extension Tokenizer: TextEncoding {}
