/**
 * The part of ONNX's schema that a MobileNet takes, for protobufjs: names and numbers of fields.
 *
 * Source: onnx/onnx.proto of ONNX, IR version 8.
 */
export const schema = `
syntax = "proto3";
message ModelProto {
	int64 ir_version = 1;
	string producer_name = 2;
	GraphProto graph = 7;
	repeated OperatorSetIdProto opset_import = 8;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto {
	repeated NodeProto node = 1;
	string name = 2;
	repeated TensorProto initializer = 5;
	repeated ValueInfoProto input = 11;
	repeated ValueInfoProto output = 12;
}
message NodeProto {
	repeated string input = 1;
	repeated string output = 2;
	string name = 3;
	string op_type = 4;
	repeated AttributeProto attribute = 5;
}
message AttributeProto { string name = 1; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto {
	message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
	Tensor tensor_type = 1;
}
message TensorShapeProto {
	message Dimension { int64 dim_value = 1; }
	repeated Dimension dim = 1;
}
`;

export const irVersion = 8;
export const operatorSet = 13;
/** `TensorProto.DataType` */
export const dataTypes = { float32: 1, uint8: 2, int8: 3, int32: 6 } as const;
/** `AttributeProto.AttributeType` */
export const attributeTypes = { integer: 2, integers: 7 } as const;
