#include <cfenv>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <tuple>
#include <type_traits>

#include "testing/ptx/machine.h"
#include "testing/ptx/parser.h"

/** Instructions that work lane by lane on registers. Integers wrap, so they are computed without a sign unless the sign matters. */
namespace retroplume::ptx {

namespace {

/** out = f(in…) in every lane. */
template <class F, class Out, class... In, std::size_t... I>
void elementwise(Warp& warp, const Instruction& instruction, uint32_t mask, std::index_sequence<I...>) {
  Out* out = warp.at<Out>(instruction.out[0]);
  const std::tuple<const In*...> in{warp.at<In>(instruction.in[I])...};
  if (mask == kAllLanes) {
#pragma GCC ivdep
    for (int lane = 0; lane < kWarp; ++lane) out[lane] = F{}(std::get<I>(in)[lane]...);
  } else {
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest);
      out[lane] = F{}(std::get<I>(in)[lane]...);
    }
  }
}

template <class F, class Out, class... In>
void act(Block&, Warp& warp, const Instruction& instruction, uint32_t mask) {
  elementwise<F, Out, In...>(warp, instruction, mask, std::index_sequence_for<In...>());
}

struct Operand {
  int width;
  bool isFloat;
};

struct Operation {
  Action action;
  int width;
  std::vector<Operand> in;
};

using Table = std::map<std::string, Operation>;

template <class Out, class... In, class F>
void define(Table& table, const std::string& opcode, F) {
  static_assert(std::is_empty_v<F>);
  table[opcode] = {&act<F, Out, In...>, sizeof(Out), {{sizeof(In), std::is_floating_point_v<In>}...}};
}

template <class T>
T bitsAs(auto value) {
  static_assert(sizeof(T) == sizeof(value));
  T result;
  std::memcpy(&result, &value, sizeof(T));
  return result;
}

template <int Mode, class F>
float rounded(F f) {
  const int before = std::fegetround();
  std::fesetround(Mode);
  volatile float result = f();
  std::fesetround(before);
  return result;
}

float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }

/** The upper half of the product. */
template <class T, class Wide>
T high(T a, T b) {
  return static_cast<T>((static_cast<Wide>(a) * static_cast<Wide>(b)) >> 8 * sizeof(T));
}

template <class T>
void defineComparisons(Table& table, const std::string& type) {
  define<Predicate, T, T>(table, "setp.eq." + type, [](T a, T b) { return a == b; });
  define<Predicate, T, T>(table, "setp.ne." + type, [](T a, T b) { return a < b || a > b; });  // ordered
  define<Predicate, T, T>(table, "setp.lt." + type, [](T a, T b) { return a < b; });
  define<Predicate, T, T>(table, "setp.le." + type, [](T a, T b) { return a <= b; });
  define<Predicate, T, T>(table, "setp.gt." + type, [](T a, T b) { return a > b; });
  define<Predicate, T, T>(table, "setp.ge." + type, [](T a, T b) { return a >= b; });
  define<T, T, T>(table, "min." + type, [](T a, T b) { return std::is_floating_point_v<T> ? static_cast<T>(std::fmin(a, b)) : b < a ? b : a; });
  define<T, T, T>(table, "max." + type, [](T a, T b) { return std::is_floating_point_v<T> ? static_cast<T>(std::fmax(a, b)) : b > a ? b : a; });
}

template <class T>
void defineSelection(Table& table, const std::string& type) {
  define<T, T, T, Predicate>(table, "selp." + type, [](T a, T b, Predicate which) { return which != 0 ? a : b; });
  define<T, T>(table, "mov." + type, [](T a) { return a; });
}

/** For T without and S with a sign; `bits` as "32". */
template <class T, class S>
void defineIntegers(Table& table, const std::string& bits) {
  constexpr uint32_t kBits = 8 * sizeof(T);
  for (const char* sign : {"s", "u"}) {
    define<T, T, T>(table, "add." + (sign + bits), [](T a, T b) { return static_cast<T>(a + b); });
    define<T, T, T>(table, "sub." + (sign + bits), [](T a, T b) { return static_cast<T>(a - b); });
    define<T, T, T>(table, "mul.lo." + (sign + bits), [](T a, T b) { return static_cast<T>(a * b); });
    define<T, T, T, T>(table, "mad.lo." + (sign + bits), [](T a, T b, T c) { return static_cast<T>(a * b + c); });
  }
  // What a division by zero gives is left open by the standard.
  define<T, T, T>(table, "div.u" + bits, [](T a, T b) { return b == 0 ? static_cast<T>(-1) : static_cast<T>(a / b); });
  define<T, T, T>(table, "rem.u" + bits, [](T a, T b) { return b == 0 ? a : static_cast<T>(a % b); });
  define<S, S, S>(table, "div.s" + bits, [](S a, S b) {
    return b == 0 ? static_cast<S>(-1) : b == -1 ? static_cast<S>(T{0} - static_cast<T>(a)) : static_cast<S>(a / b);
  });
  define<S, S, S>(table, "rem.s" + bits, [](S a, S b) { return b == 0 ? a : b == -1 ? S{0} : static_cast<S>(a % b); });
  define<T, T>(table, "neg.s" + bits, [](T a) { return static_cast<T>(T{0} - a); });
  define<T, T>(table, "not.b" + bits, [](T a) { return static_cast<T>(~a); });
  define<T, T, T>(table, "and.b" + bits, [](T a, T b) { return static_cast<T>(a & b); });
  define<T, T, T>(table, "or.b" + bits, [](T a, T b) { return static_cast<T>(a | b); });
  define<T, T, T>(table, "xor.b" + bits, [](T a, T b) { return static_cast<T>(a ^ b); });
  define<T, T, uint32_t>(table, "shl.b" + bits, [](T a, uint32_t n) { return n >= kBits ? T{0} : static_cast<T>(a << n); });
  define<T, T, uint32_t>(table, "shr.u" + bits, [](T a, uint32_t n) { return n >= kBits ? T{0} : static_cast<T>(a >> n); });
  define<S, S, uint32_t>(table, "shr.s" + bits, [](S a, uint32_t n) { return static_cast<S>(a >> (n >= kBits ? kBits - 1 : n)); });
  define<T, T, T, uint32_t, uint32_t>(table, "bfi.b" + bits, [](T a, T b, uint32_t at, uint32_t length) {
    at &= 0xff;
    length &= 0xff;
    if (at >= kBits || length == 0) return b;
    const T ones = length >= kBits ? static_cast<T>(-1) : static_cast<T>((T{1} << length) - 1);
    const T field = static_cast<T>(ones << at);
    return static_cast<T>((b & ~field) | (static_cast<T>(a << at) & field));
  });
  defineComparisons<T>(table, "u" + bits);
  defineComparisons<S>(table, "s" + bits);
  for (const char* type : {"b", "u", "s"}) defineSelection<T>(table, type + bits);
  define<Predicate, T, T>(table, "setp.eq.b" + bits, [](T a, T b) { return a == b; });
  define<Predicate, T, T>(table, "setp.ne.b" + bits, [](T a, T b) { return a != b; });
}

template <class T>
void defineFloats(Table& table, const std::string& type) {
  define<T, T, T>(table, "add." + type, [](T a, T b) { return a + b; });
  define<T, T, T>(table, "sub." + type, [](T a, T b) { return a - b; });
  define<T, T, T>(table, "mul." + type, [](T a, T b) { return a * b; });
  define<T, T, T, T>(table, "fma.rn." + type, [](T a, T b, T c) { return std::fma(a, b, c); });
  define<T, T, T>(table, "div.rn." + type, [](T a, T b) { return a / b; });
  define<T, T>(table, "rcp.rn." + type, [](T a) { return T{1} / a; });
  define<T, T>(table, "sqrt.rn." + type, [](T a) { return std::sqrt(a); });
  define<T, T>(table, "abs." + type, [](T a) { return std::fabs(a); });
  define<T, T>(table, "neg." + type, [](T a) { return -a; });
  define<T, T, T>(table, "copysign." + type, [](T sign, T value) { return std::copysign(value, sign); });
  defineComparisons<T>(table, type);
  // True as well where one is NaN.
  define<Predicate, T, T>(table, "setp.equ." + type, [](T a, T b) { return !(a < b || a > b); });
  define<Predicate, T, T>(table, "setp.neu." + type, [](T a, T b) { return a != b; });
  define<Predicate, T, T>(table, "setp.ltu." + type, [](T a, T b) { return !(a >= b); });
  define<Predicate, T, T>(table, "setp.leu." + type, [](T a, T b) { return !(a > b); });
  define<Predicate, T, T>(table, "setp.gtu." + type, [](T a, T b) { return !(a <= b); });
  define<Predicate, T, T>(table, "setp.geu." + type, [](T a, T b) { return !(a < b); });
  define<Predicate, T, T>(table, "setp.num." + type, [](T a, T b) { return !std::isnan(a) && !std::isnan(b); });
  define<Predicate, T, T>(table, "setp.nan." + type, [](T a, T b) { return std::isnan(a) || std::isnan(b); });
  defineSelection<T>(table, type);
}

/** Half of a pair of bfloat16, to nearest, ties to even. */
uint32_t bf16Of(float x) {
  if (std::isnan(x)) return 0x7fff;
  const auto bits = bitsAs<uint32_t>(x);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/** Half precision of a number, to nearest, ties to even: a multiple of 2^-10 of its power of two, or of 2^-24. */
uint32_t halfOf(float x) {
  if (std::isnan(x)) return 0x7fff;
  const uint32_t sign = std::signbit(x) ? 0x8000 : 0;
  const float size = std::fabs(x);
  if (size >= 65520.0f) return sign | 0x7c00;
  const int exponent = size < 0x1p-14f ? -14 : std::ilogb(size);
  // 1024 and more of them carry the exponent; 2048, what was rounded up to the next power, the next one.
  return sign | static_cast<uint32_t>((exponent + 14) * 1024 + static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent))));
}

float ofHalf(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const float size = exponent == 31  ? (mantissa != 0 ? NAN : INFINITY)
                     : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                     : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
  return std::copysign(size, (half & 0x8000) != 0 ? -1.0f : 1.0f);
}

Table makeTable() {
  Table table;
  defineIntegers<uint16_t, int16_t>(table, "16");
  defineIntegers<uint32_t, int32_t>(table, "32");
  defineIntegers<uint64_t, int64_t>(table, "64");
  defineFloats<float>(table, "f32");
  defineFloats<double>(table, "f64");
  define<Predicate, Predicate, Predicate>(table, "and.pred", [](Predicate a, Predicate b) { return a != 0 && b != 0; });
  define<Predicate, Predicate, Predicate>(table, "or.pred", [](Predicate a, Predicate b) { return a != 0 || b != 0; });
  define<Predicate, Predicate, Predicate>(table, "xor.pred", [](Predicate a, Predicate b) { return (a != 0) != (b != 0); });
  define<Predicate, Predicate>(table, "not.pred", [](Predicate a) { return a == 0; });
  define<Predicate, Predicate>(table, "mov.pred", [](Predicate a) { return a; });

  // Four bytes out of eight, each as it is or, where its fourth bit is set, as its sign.
  define<uint32_t, uint32_t, uint32_t, uint32_t>(table, "prmt.b32", [](uint32_t a, uint32_t b, uint32_t which) {
    const uint64_t bytes = uint64_t{b} << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i) {
      const uint32_t choice = which >> (4 * i), byte = bytes >> (8 * (choice & 7)) & 0xff;
      result |= ((choice & 8) != 0 ? (byte & 0x80 ? 0xffu : 0u) : byte) << (8 * i);
    }
    return result;
  });
  define<uint32_t, uint32_t, uint32_t>(table, "mul.hi.u32", [](uint32_t a, uint32_t b) { return high<uint32_t, uint64_t>(a, b); });
  define<int32_t, int32_t, int32_t>(table, "mul.hi.s32", [](int32_t a, int32_t b) { return high<int32_t, int64_t>(a, b); });
  define<uint32_t, uint16_t, uint16_t>(table, "mul.wide.u16", [](uint16_t a, uint16_t b) { return static_cast<uint32_t>(a) * b; });
  define<uint64_t, uint32_t, uint32_t>(table, "mul.wide.u32", [](uint32_t a, uint32_t b) { return static_cast<uint64_t>(a) * b; });
  define<int64_t, int32_t, int32_t>(table, "mul.wide.s32", [](int32_t a, int32_t b) { return static_cast<int64_t>(a) * b; });

  // Conversions. An address of a space is the same number everywhere here.
  define<uint64_t, uint64_t>(table, "cvta.to.global.u64", [](uint64_t a) { return a; });
  define<int64_t, int32_t>(table, "cvt.s64.s32", [](int32_t a) { return static_cast<int64_t>(a); });
  define<uint64_t, uint32_t>(table, "cvt.u64.u32", [](uint32_t a) { return static_cast<uint64_t>(a); });
  define<uint32_t, uint64_t>(table, "cvt.u32.u64", [](uint64_t a) { return static_cast<uint32_t>(a); });
  define<uint32_t, uint16_t>(table, "cvt.u32.u16", [](uint16_t a) { return static_cast<uint32_t>(a); });
  define<int32_t, uint16_t>(table, "cvt.s32.s8", [](uint16_t a) { return static_cast<int32_t>(static_cast<int8_t>(a)); });
  // Out of a wider register (so many bytes), of which the lowest bits count.
  define<int64_t, uint64_t>(table, "cvt.s64.s32@8", [](uint64_t a) { return static_cast<int64_t>(static_cast<int32_t>(a)); });
  define<int32_t, uint32_t>(table, "cvt.s32.s8@4", [](uint32_t a) { return static_cast<int32_t>(static_cast<int8_t>(a)); });
  define<double, float>(table, "cvt.f64.f32", [](float a) { return static_cast<double>(a); });
  define<float, double>(table, "cvt.rn.f32.f64", [](double a) { return static_cast<float>(a); });
  define<float, int32_t>(table, "cvt.rn.f32.s32", [](int32_t a) { return static_cast<float>(a); });
  define<float, float>(table, "cvt.rni.f32.f32", [](float a) { return std::nearbyint(a); });
  define<float, float>(table, "cvt.sat.f32.f32", [](float a) { return a > 0 ? std::fmin(a, 1.0f) : 0.0f; });  // NaN gives 0
  define<uint64_t, float>(table, "cvt.rzi.u64.f32", [](float a) {
    return !(a > 0) ? uint64_t{0} : a >= 0x1p64f ? ~uint64_t{0} : static_cast<uint64_t>(a);
  });
  define<uint32_t, float>(table, "cvt.rna.tf32.f32", [](float a) {
    // Ten bits of mantissa, to nearest, ties away from zero.
    const auto bits = bitsAs<uint32_t>(a);
    return std::isfinite(a) ? (bits + 0x1000) & ~0x1fffu : bits;
  });
  define<uint32_t, float, float>(table, "cvt.rn.bf16x2.f32", [](float upper, float lower) { return bf16Of(upper) << 16 | bf16Of(lower); });
  define<uint32_t, float, float>(table, "cvt.rn.f16x2.f32", [](float upper, float lower) { return halfOf(upper) << 16 | halfOf(lower); });
  define<float, uint16_t>(table, "cvt.f32.f16", [](uint16_t a) { return ofHalf(a); });

  // The special function unit's are good to a unit or two in the last place: here they are rounded.
  define<float, float>(table, "ex2.approx.f32", [](float a) { return std::exp2(a); });
  define<float, float>(table, "ex2.approx.ftz.f32", [](float a) { return flushed(std::exp2(flushed(a))); });
  define<float, float>(table, "rcp.approx.ftz.f32", [](float a) { return flushed(1.0f / flushed(a)); });
  define<float, float>(table, "rsqrt.approx.f32", [](float a) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(a))); });
  define<float, float, float, float>(table, "fma.rm.f32", [](float a, float b, float c) {
    return rounded<FE_DOWNWARD>([&] {
      volatile float x = a, y = b, z = c;  // or the compiler moves the product out of the rounding
      return std::fma(x, y, z);
    });
  });
  define<float, float, float>(table, "add.rz.f32", [](float a, float b) {
    return rounded<FE_TOWARDZERO>([&] {
      volatile float x = a, y = b;
      return x + y;
    });
  });
  return table;
}

/** mov.b64 {low, high}, x and mov.b64 x, {low, high}. */
void unpack(Block&, Warp& warp, const Instruction& instruction, uint32_t mask) {
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const uint64_t whole = warp.at<uint64_t>(instruction.in[0])[lane];
    warp.at<uint32_t>(instruction.out[0])[lane] = static_cast<uint32_t>(whole);
    warp.at<uint32_t>(instruction.out[1])[lane] = static_cast<uint32_t>(whole >> 32);
  }
}

void pack(Block&, Warp& warp, const Instruction& instruction, uint32_t mask) {
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    warp.at<uint64_t>(instruction.out[0])[lane] =
        static_cast<uint64_t>(warp.at<uint32_t>(instruction.in[1])[lane]) << 32 | warp.at<uint32_t>(instruction.in[0])[lane];
  }
}

}  // namespace

bool parseOperation(Parser& parser, const std::string& opcode, const std::vector<std::string>& operands, Instruction& instruction) {
  static const Table table = makeTable();
  if (opcode == "mov.b64" && operands.size() == 2 && (operands[0][0] == '{' || operands[1][0] == '{')) {
    const bool unpacks = operands[0][0] == '{';
    const std::vector<std::string> halves = Parser::list(operands[unpacks ? 0 : 1]);
    if (halves.size() != 2) parser.unknown("other parts than two halves");
    for (int i = 0; i < 2; ++i) (unpacks ? instruction.out : instruction.in)[i] = parser.operand(halves[i], 4, false, false).slot;
    (unpacks ? instruction.in : instruction.out)[0] = parser.operand(operands[unpacks ? 1 : 0], 8, false, false).slot;
    instruction.action = unpacks ? unpack : pack;
    return true;
  }
  auto found = table.find(opcode);
  if (found == table.end()) return false;
  if (opcode.rfind("cvt.", 0) == 0 && operands.size() == 2 && operands[1][0] == '%') {
    const auto wider = table.find(opcode + "@" + std::to_string(parser.operand(operands[1], 0, false, false).width));
    if (wider != table.end()) found = wider;
  }
  const Operation& operation = found->second;
  if (operands.size() != operation.in.size() + 1) parser.unknown("a number of operands");
  instruction.action = operation.action;
  instruction.out[0] = parser.result(operands[0], operation.width).slot;
  for (std::size_t i = 0; i < operation.in.size(); ++i)
    instruction.in[i] = parser.operand(operands[i + 1], operation.in[i].width, operation.in[i].isFloat).slot;
  return true;
}

}  // namespace retroplume::ptx
