# The TensorBoard event message, compiled by protoc.
