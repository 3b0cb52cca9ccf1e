// Files that no honest writer makes. Each must be refused with a message that says what is wrong with it.
#include <cstring>

#include "io/safetensors.h"
#include "io/safetensors_header.h"
#include "io/scratch.h"

namespace elman {
namespace {

std::string length_bytes(uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

// A file with that header and as many bytes of data.
std::string file_of(const std::string& header, size_t data = 0) {
  return length_bytes(header.size()) + header + std::string(data, '\0');
}

std::string tensor(const std::string& name, const std::string& shape, const std::string& offsets,
                   const std::string& dtype = "F32") {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape, offsets);
}

class HostileTest : public ScratchTest {
 protected:
  // Expects bytes that are no safetensors file to be answered with the path and `part`.
  void refuse(const std::string& bytes, const std::string& part) const {
    put(path("m.safetensors"), bytes);
    try {
      read_safetensors(path("m.safetensors"));
      ADD_FAILURE() << "nothing was thrown; expected: " << part;
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_EQ(error.code(), ErrorCode::kModel) << message;
      EXPECT_TRUE(message.starts_with(path("m.safetensors") + ": ")) << message;
      EXPECT_NE(message.find(part), std::string::npos) << message << "\nlacks: " << part;
    }
  }
  void refuse_header(const std::string& header, const std::string& part, size_t data = 0) const {
    refuse(file_of(header, data), part);
  }
};

TEST_F(HostileTest, AnHonestFileIsAccepted) {
  put(path("a"), file_of("{" + tensor("w", "[2]", "[0,8]") + "," + tensor("v", "[]", "[8,12]") + "}   ", 12));
  EXPECT_EQ(read_safetensors(path("a")).tensors.size(), 2u);
  put(path("b"), file_of("{" + tensor("late", "[1]", "[4,8]") + "," + tensor("early", "[1]", "[0,4]") + "}", 8));
  EXPECT_EQ(read_safetensors(path("b")).tensors[0].name, "late");
}

TEST_F(HostileTest, Lengths) {
  refuse("", "0 bytes");
  refuse("1234567", "7 bytes");
  refuse(length_bytes(0), "8 bytes");
  refuse(length_bytes(0) + "{}", "does not begin with '{'");
  refuse(length_bytes(uint64_t{1} << 63) + "{}", "9223372036854775808 bytes, expected at most 100000000");
  refuse(length_bytes(UINT64_MAX) + "{}", "18446744073709551615 bytes");
  refuse(length_bytes(kMaxHeaderBytes + 1) + "{}", "100000001 bytes, expected at most");
  refuse(length_bytes(kMaxHeaderBytes) + "{}", "100000000 bytes in a file of 10");
  refuse(length_bytes(3) + "{}", "a header of 3 bytes in a file of 10");
}

TEST_F(HostileTest, EveryTruncationOfAFile) {
  const std::string whole = contents(ELMAN_TEST_DATA "/golden/python.safetensors");
  ASSERT_GT(whole.size(), 600u);
  for (size_t size = 0; size < whole.size(); ++size) refuse(whole.substr(0, size), "torch.save_file");
}

TEST_F(HostileTest, ForeignFormats) {
  refuse(std::string("PK\x03\x04\x00\x00\x08\x08", 8) + std::string(100, '\0'), "zip archive");
  refuse(std::string("PK\x03\x04\x00\x00\x00\x00", 8) + std::string(100, '\0'), "zip archive");
  refuse(std::string("\x80\x02\x8a\x0al\xfc\x9c\x46", 8) + std::string(100, '\0'), "Python pickle");
  refuse("\x80\x04\x95" + std::string(100, 'x'), "Python pickle");
  refuse("\x89HDF\r\n\x1a\n" + std::string(100, '\0'), "HDF5");
  refuse("ds,y\n2020-01-01,5\n2020-01-02,6\n", "no safetensors file");
  refuse(std::string(200, '\0'), "does not begin with '{'");
}

TEST_F(HostileTest, NoFile) {
  expect_error(ErrorCode::kModel, "No such file or directory", [&] { read_safetensors(path("missing")); });
  expect_error(ErrorCode::kModel, "not a file", [&] { read_safetensors(folder_); });
  expect_error(ErrorCode::kModel, "not a file", [&] { read_safetensors("/dev/zero"); });
}

TEST_F(HostileTest, HeadersThatAreNotJson) {
  refuse_header("{ ", "not valid JSON at its byte");
  refuse_header("{}}", "not valid JSON at its byte 3");
  refuse_header("{\"a\"", "not valid JSON");
  refuse_header("{\"\xff\":1}", "not valid JSON");
  refuse_header(std::string("{}\0{", 4), "not valid JSON at its byte 3");
  refuse_header("{/**/}", "not valid JSON");
  refuse_header("[]", "does not begin with '{'");
  refuse_header(" {}", "does not begin with '{'");
  refuse_header("{\"a\":" + std::string(1000000, '[') + "}", "expected a tensor's dtype");
  refuse_header("{\"a\":{\"shape\":" + std::string(1000000, '[') + "}", "a list in its shape");
}

TEST_F(HostileTest, HeadersOfAnotherShape) {
  for (const char* value : {"1", "-1", "1.5", "\"F32\"", "null", "true", "[]"})
    refuse_header(fmt::format("{{\"w\":{}}}", value), "as 'w', expected a tensor's dtype, shape and data_offsets");
  for (const char* value : {"1", "null", "{}", "[]", "false"})
    refuse_header(fmt::format("{{\"__metadata__\":{{\"k\":{}}}}}", value), "__metadata__ 'k' is");
  refuse_header("{\"__metadata__\":[]}", "has a list as '__metadata__'");
  refuse_header("{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__ twice");
  refuse_header("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", "'k' twice");
}

TEST_F(HostileTest, TensorsWithWrongFields) {
  refuse_header(R"({"w":{}})", "tensor 'w' has no dtype");
  refuse_header(R"({"w":{"dtype":"F32","shape":[1]}})", "tensor 'w' has no data_offsets", 4);
  refuse_header(R"({"w":{"dtype":"F32","dtype":"F32"}})", "two dtype");
  refuse_header(R"({"w":{"extra":1}})", "a field 'extra'");
  refuse_header("{" + tensor("w", "[1]", "[0,4]", "F31") + "}", "the type 'F31'", 4);
  refuse_header(R"({"w":{"dtype":1}})", "the type 1");
  refuse_header(R"({"w":{"dtype":["F32"]}})", "the type a list");
  refuse_header(R"({"w":{"shape":"1"}})", "a text as its shape");
  refuse_header(R"({"w":{"data_offsets":{}}})", "an object as its data_offsets");
}

TEST_F(HostileTest, NumbersThatAreNotSizes) {
  for (const char* value : {"-1", "1.0", "1e3", "18446744073709551616", "\"1\"", "null", "true", "[1]", "{}"}) {
    refuse_header("{" + tensor("w", fmt::format("[{}]", value), "[0,4]") + "}", "in its shape", 4);
    refuse_header("{" + tensor("w", "[1]", fmt::format("[0,{}]", value)) + "}", "in its data_offsets", 4);
  }
  refuse_header("{" + tensor("w", "[1]", "[]") + "}", "0 number(s)", 4);
  refuse_header("{" + tensor("w", "[1]", "[0]") + "}", "1 number(s)", 4);
  refuse_header("{" + tensor("w", "[1]", "[0,4,8]") + "}", "has 8 in its data_offsets", 4);
  refuse_header("{" + tensor("w", "[1,1,1,1,1,1,1,1,1]", "[0,4]") + "}", "at most 8 numbers", 4);
}

TEST_F(HostileTest, LayoutsThatDoNotCoverTheData) {
  const std::string first = "{" + tensor("w", "[2]", "[0,8]");
  refuse_header(first + "," + tensor("w", "[1]", "[8,12]") + "}", "tensor 'w' is there twice", 12);
  refuse_header(first + "," + tensor("v", "[1]", "[4,8]") + "}", "'v' begins at byte 4, inside", 8);
  refuse_header(first + "," + tensor("v", "[2]", "[0,8]") + "}", "begins at byte 0, inside", 8);
  refuse_header(first + "," + tensor("v", "[1]", "[12,16]") + "}", "leaving a hole from byte 8", 16);
  refuse_header("{" + tensor("w", "[1]", "[4,8]") + "}", "leaving a hole from byte 0", 8);
  refuse_header(first + "}", "lies at bytes 0 to 8 of a data section of 7 bytes", 7);
  refuse_header(first + "}", "1 bytes after the last tensor", 9);
  refuse_header("{}", "3 bytes after the last tensor", 3);
  refuse_header("{" + tensor("w", "[2]", "[8,0]") + "}", "lies at bytes 8 to 0", 8);
  refuse_header("{" + tensor("w", "[2]", "[0,18446744073709551615]") + "}", "18446744073709551615", 8);
}

TEST_F(HostileTest, SizesThatDisagreeOrOverflow) {
  refuse_header("{" + tensor("w", "[3]", "[0,8]") + "}", "not what F32 of shape [3] takes", 8);
  refuse_header("{" + tensor("w", "[2]", "[0,8]", "F64") + "}", "not what F64 of shape [2] takes", 8);
  // Products that are 2^64 + 8 and 2^64 bytes: right if they could wrap around.
  refuse_header("{" + tensor("w", "[4611686018427387906]", "[0,8]") + "}", "not what F32", 8);
  refuse_header("{" + tensor("w", "[4294967296,4294967296]", "[0,0]", "U8") + "}", "not what U8");
  refuse_header("{" + tensor("w", "[4294967296,4294967296,0]", "[0,0]", "U8") + "}", "not what U8");
}

TEST_F(HostileTest, MoreEntriesThanAnyModelHas) {
  std::string header = "{";
  for (size_t i = 0; i <= kMaxEntries; ++i)
    header += fmt::format("{}{}", i ? "," : "", tensor(fmt::format("{}", i), "[0]", "[0,0]"));
  refuse_header(header + "}", "more than 262144 tensors");
  header = "{\"__metadata__\":{";
  for (size_t i = 0; i <= kMaxEntries; ++i) header += fmt::format("{}\"{}\":\"\"", i ? "," : "", i);
  refuse_header(header + "}}", "more than 262144 texts");
}

TEST_F(HostileTest, NamesAreShownShortAndHarmless) {
  refuse_header(R"({"\u001b[31m":{}})", "tensor '?[31m' has no dtype");
  refuse_header("{\"" + std::string(100000, 'n') + "\":{}}", "tensor '" + std::string(60, 'n') + "…' has no dtype");
  const std::string umlauts = "ääääääääääääääääääääääääääääääääääääääää";
  EXPECT_EQ(shown("a" + umlauts), "a" + umlauts.substr(0, 58) + "…");  // 60 bytes would cut a letter in two
}

}  // namespace
}  // namespace elman
