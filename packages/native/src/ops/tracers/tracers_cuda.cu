#include <cmath>

#include "ops/random/normal.h"
#include "ops/tracers/tracer_layers.h"
#include "ops/tracers/tracers.h"
#include "runtime/cuda/divisor.h"
#include "runtime/cuda/reduce.h"

/**
 * Hour after hour: the weather of the hour, exchange and emission, as many sweeps along x and y as the winds ask for, loss and the hour's tracers.
 * Memory is the limit, of the second level: the masses of 27 tracers of 182 by 232 cells are 10 MB, and a sweep reads one set of them and writes
 * another, as no block may change what its neighbours read. A thread has one cell of one layer of all tracers of a group, which share their faces'
 * Courant numbers.
 */
namespace retroplume::cuda {

namespace {

/** A block's threads: rows of lanes, so that what neighbours along either axis read is in its cache. */
constexpr int kLanes = 32, kRows = static_cast<int>(kElementThreads) / kLanes;

enum WeatherPlane { kHeight, kUp, kDown, kFacesX, kFacesUpperX, kFacesY, kFacesUpperY };

struct Shape {
  TracerPlane plane;
  IndexDivisor tilesAcross;
  int64_t cells, count;
  int groups, rateCount;

  __device__ int64_t lower(int64_t tracer) const { return 2 * tracer * plane.elements(); }
};

/** Of all tracers, group after group. */
struct Kinds {
  Global<const TracerKind> kinds;
  Global<const int64_t> firsts;

  __device__ __forceinline__ int first(int64_t group) const { return static_cast<int>(firsts[group]); }
  __device__ __forceinline__ int end(int64_t group) const { return static_cast<int>(firsts[group + 1]); }
};

struct Cell {
  int64_t row, col;
};

/** That of a thread, of blocks that cover the grid, or the faces around it. */
__device__ __forceinline__ Cell ownCell(const Shape& s) {
  const int tile = static_cast<int>(blockIdx.x), down = s.tilesAcross.quotient(tile), across = tile - down * s.tilesAcross.divisor;
  const int thread = static_cast<int>(threadIdx.x);
  return {int64_t{down} * kRows + thread / kLanes, int64_t{across} * kLanes + thread % kLanes};
}

struct Winds {
  int64_t channels, windX, windY, height;
  bool inverseHeight;
  /** from m s-1 to cells in an hour */
  float perX, perY;
};

/** Winds of a cell at 10 m, in cells of an hour, and what they are times in the lower layer. */
struct CellWinds {
  float x, y, lower;
};

__device__ __forceinline__ CellWinds windsOf(const Winds& w, const Global<const float>& weather, int64_t cell) {
  const float height = mixedHeight(weather[cell * w.channels + w.height], w.inverseHeight);
  constexpr float kPerLogarithm = kTracerWindPower * 1.44269504f;
  const float lower = approximateExp2(kPerLogarithm * logarithm<OneNumber>(height / 2 / kTracerWindHeight));
  return {w.perX * weather[cell * w.channels + w.windX], w.perY * weather[cell * w.channels + w.windY], lower};
}

/** largest[hour], of one block an hour. */
__global__ void __launch_bounds__(kElementThreads)
    courant_kernel(Winds w, float upper, int64_t cells, Global<const float> meteorology, Global<float> largest) {
  SharedMemory memory;
  const Shared<float> warps = memory.take<float>(kMostWarps);
  const int64_t hour = blockIdx.x;
  float most = 0;
  for (int64_t cell = threadIdx.x; cell < cells; cell += kElementThreads) {
    const int64_t at = (hour * cells + cell) * w.channels;
    const float x = w.perX * meteorology[at + w.windX], y = w.perY * meteorology[at + w.windY];
    const float ofX = x < 0 ? -x : x, ofY = y < 0 ? -y : y;
    const float courant = upper * (ofX > ofY ? ofX : ofY);
    most = courant > most ? courant : most;
  }
  for (int with = kWarpLanes / 2; with > 0; with /= 2) {
    const float other = __shfl_xor_sync(0xffffffffu, most, with);
    most = other > most ? other : most;
  }
  const int thread = static_cast<int>(threadIdx.x);
  if (thread % kWarpLanes == 0) warps[thread / kWarpLanes] = most;
  __syncthreads();
  if (thread != 0) return;
  for (int warp = 1; warp < static_cast<int>(kElementThreads) / kWarpLanes; ++warp) {
    const float other = warps[warp];
    most = other > most ? other : most;
  }
  largest[hour] = most;
}

/** Height, exchange and faces of an hour; the hour before may be the same. @param scale - of both layers, from an hour to a step */
__global__ void __launch_bounds__(kElementThreads)
    weather_kernel(Shape s, Winds w, float lowerScale, float upperScale, Global<const float> before, Global<const float> now, Global<float> planes) {
  const Cell own = ownCell(s);
  const int64_t rows = s.plane.rows, cols = s.plane.cols;
  if (own.row > rows || own.col > cols) return;
  const int64_t size = s.plane.elements(), at = s.plane.at(own.row, own.col);
  const int64_t row = own.row < rows ? own.row : rows - 1, col = own.col < cols ? own.col : cols - 1;
  const CellWinds here = windsOf(w, now, row * cols + col);
  if (own.row < rows) {
    const CellWinds west = windsOf(w, now, row * cols + (own.col > 0 ? own.col - 1 : 0));
    planes[kFacesX * size + at] = lowerScale * 0.5f * (west.lower * west.x + here.lower * here.x);
    planes[kFacesUpperX * size + at] = upperScale * 0.5f * (west.x + here.x);
  }
  if (own.col < cols) {
    const CellWinds south = windsOf(w, now, (own.row > 0 ? own.row - 1 : 0) * cols + col);
    planes[kFacesY * size + at] = lowerScale * 0.5f * (south.lower * south.y + here.lower * here.y);
    planes[kFacesUpperY * size + at] = upperScale * 0.5f * (south.y + here.y);
  }
  if (own.row < rows && own.col < cols) {
    const int64_t place = (row * cols + col) * w.channels + w.height;
    const float height = mixedHeight(now[place], w.inverseHeight);
    const TracerExchange exchange = tracerExchange(mixedHeight(before[place], w.inverseHeight), height);
    planes[kHeight * size + at] = height, planes[kUp * size + at] = exchange.up, planes[kDown * size + at] = exchange.down;
  }
}

/** Exchange, and emission or product: of all tracers of group blockIdx.y, precursors before what is made of them. */
__global__ void __launch_bounds__(kElementThreads) emit_kernel(Shape s, Kinds tracers, Global<const float> weather, Global<const float> rates,
                                                               Global<const float> emissions, Global<const float> factors, Global<float> masses) {
  const Cell own = ownCell(s);
  if (own.row >= s.plane.rows || own.col >= s.plane.cols) return;
  const int64_t size = s.plane.elements(), at = s.plane.at(own.row, own.col), cell = own.row * s.plane.cols + own.col, group = blockIdx.y;
  const float height = weather[kHeight * size + at], up = weather[kUp * size + at], down = weather[kDown * size + at];
  const int64_t source = cell * s.groups + group;
  const float emitted = kTracerHour * emissions[source] * (factors ? static_cast<float>(factors[source]) : 1.0f);
  const int end = tracers.end(group);
#pragma unroll 1
  for (int tracer = tracers.first(group); tracer < end; ++tracer) {
    const TracerKind kind = tracers.kinds[tracer];
    const int64_t place = s.lower(tracer) + at;
    float lower = masses[place], upper = masses[place + size];
    const float moved = down * upper - up * lower;
    lower += moved, upper -= moved;
    if (kind.precursor >= 0) {
      const float rate = rates[cell * s.rateCount + kind.rate];
      const int64_t precursor = s.lower(kind.precursor) + at;
      lower += rate * masses[precursor], upper += rate * masses[precursor + size];
    } else if (staysBelow(kind, height)) {
      lower += emitted;
    } else {
      upper += emitted;
    }
    masses[place] = lower, masses[place + size] = upper;
  }
}

/** The transpose of emit_kernel, into gradFactors of the hour. */
__global__ void __launch_bounds__(kElementThreads) collect_kernel(Shape s, Kinds tracers, Global<const float> weather, Global<const float> rates,
                                                                  Global<const float> emissions, Global<float> gradFactors, Global<float> masses) {
  const Cell own = ownCell(s);
  if (own.row >= s.plane.rows || own.col >= s.plane.cols) return;
  const int64_t size = s.plane.elements(), at = s.plane.at(own.row, own.col), cell = own.row * s.plane.cols + own.col, group = blockIdx.y;
  const float height = weather[kHeight * size + at], up = weather[kUp * size + at], down = weather[kDown * size + at];
  float sum = 0;
  const int first = tracers.first(group);
  // One after the other, for a tracer's masses may be another's precursor's.
#pragma unroll 1
  for (int tracer = tracers.end(group) - 1; tracer >= first; --tracer) {
    const TracerKind kind = tracers.kinds[tracer];
    const int64_t place = s.lower(tracer) + at;
    const float lower = masses[place], upper = masses[place + size];
    if (kind.precursor >= 0) {
      const float rate = rates[cell * s.rateCount + kind.rate];
      const int64_t precursor = s.lower(kind.precursor) + at;
      masses[precursor] += rate * lower, masses[precursor + size] += rate * upper;
    } else {
      sum += staysBelow(kind, height) ? lower : upper;
    }
    const float moved = lower - upper;
    masses[place] = lower - up * moved, masses[place + size] = upper + down * moved;
  }
  const int64_t source = cell * s.groups + group;
  gradFactors[source] += kTracerHour * emissions[source] * sum;
}

/** One sweep of layer blockIdx.y % 2 of the group's tracers, out of one set of masses into the other. @param step - between neighbours along the axis
 */
template <bool kAdjoint>
__global__ void __launch_bounds__(kElementThreads)
    sweep_kernel(Shape s, Kinds tracers, int64_t step, int64_t lowerFaces, Global<const float> weather, Global<const float> from, Global<float> to) {
  const Cell own = ownCell(s);
  if (own.row >= s.plane.rows || own.col >= s.plane.cols) return;
  const int64_t size = s.plane.elements(), at = s.plane.at(own.row, own.col);
  const int layer = static_cast<int>(blockIdx.y) % 2, group = static_cast<int>(blockIdx.y) / 2;
  const int64_t faces = lowerFaces + layer * size + at;
  const int first = tracers.first(group), end = tracers.end(group);
  int64_t place = s.lower(first) + layer * size + at;
  const TracerFace in(weather[faces]), out(weather[faces + step]);
  if constexpr (kAdjoint) {
    // Beyond the edge's faces lie zeros.
    const float ofIn = in.minus + in.a, ofOut = out.plus + out.b;
    const float ofBefore = TracerFace(weather[faces - step]).b, ofTwoAfter = TracerFace(weather[faces + 2 * step]).a;
    for (int tracer = first; tracer < end; ++tracer, place += 2 * size) {
      const float twoBefore = from[place - 2 * step], before = from[place - step], here = from[place], after = from[place + step];
      to[place] =
          here + ofIn * (here - before) + ofOut * (after - here) - ofTwoAfter * (from[place + 2 * step] - after) - ofBefore * (before - twoBefore);
    }
  } else {
    for (int tracer = first; tracer < end; ++tracer, place += 2 * size) {
      const float twoBefore = from[place - 2 * step], before = from[place - step], here = from[place], after = from[place + step];
      to[place] = here - (out.flux(before, here, after, from[place + 2 * step]) - in.flux(twoBefore, before, here, after));
    }
  }
}

/** Tracers of one turn of tracer_hour_kernel. */
constexpr int kTurn = 64;
/** Cells of its block. */
constexpr int kTileCells = kWarpLanes;
/** An odd number, so that lanes which have a cell each meet in no bank. */
constexpr int kTileRow = kTurn + 1;

/**
 * What an hour's end does to kTileCells cells: loss, and out = the tracers; or (kAdjoint) adds the gradient on them first. Masses lie cell after cell
 * and tracers tracer after tracer, so these go through shared memory.
 */
template <bool kAdjoint, class T>
__global__ void __launch_bounds__(kElementThreads)
    tracer_hour_kernel(Shape s, Divisor cols, Global<const TracerKind> kinds, Global<const float> weather, Global<const float> rates, Global<T> hour,
                       Global<float> masses) {
  SharedMemory memory;
  const Shared<float> tile = memory.take<float>(kTileCells * kTileRow);
  const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarpLanes, warp = thread / kWarpLanes;
  constexpr int kWarps = static_cast<int>(kElementThreads) / kWarpLanes;
  const int64_t begin = int64_t{blockIdx.x} * kTileCells, size = s.plane.elements();
  const int64_t cell = begin + lane;
  const int64_t row = cols.quotient(cell), at = cell < s.cells ? s.plane.at(row, cell - row * s.plane.cols) : 0;
  const float height = cell < s.cells ? static_cast<float>(weather[kHeight * size + at]) : 1.0f;
  for (int64_t turn = 0; turn < s.count; turn += kTurn) {
    const int of = static_cast<int>(s.count - turn < kTurn ? s.count - turn : kTurn);
    /** Between the tile and the hour's tracers. */
    const auto forEachPlace = [&](auto body) {
      for (int c = warp; c < kTileCells && begin + c < s.cells; c += kWarps) {
        for (int t = lane; t < of; t += kWarpLanes) body(c * kTileRow + t, (begin + c) * s.count + turn + t);
      }
    };
    if (turn > 0) __syncthreads();
    if constexpr (kAdjoint) {
      forEachPlace([&](int inTile, int64_t place) { tile[inTile] = hour[place]; });
      __syncthreads();
    }
    for (int t = warp; t < of && cell < s.cells; t += kWarps) {
      const TracerKind kind = kinds[turn + t];
      const float kept = kind.kept < 0 ? kind.decay : kind.decay * rates[cell * s.rateCount + kind.kept];
      const int64_t place = s.lower(turn + t) + at;
      float lower = masses[place];
      if constexpr (kAdjoint) lower += static_cast<float>(tile[lane * kTileRow + t]) / height;
      lower *= kept;
      masses[place] = lower, masses[place + size] *= kept;
      if constexpr (!kAdjoint) tile[lane * kTileRow + t] = lower / height;
    }
    if constexpr (!kAdjoint) {
      __syncthreads();
      forEachPlace([&](int inTile, int64_t place) { hour[place] = tile[inTile]; });
    }
  }
}

/** One call: what its launches share. */
class Carrying {
 public:
  Carrying(const TracerParams& p, const Context& context)
      : p_(p),
        context_(context),
        shape_{tracerPlane(p),
               IndexDivisor((p.cols + kLanes) / kLanes),
               p.rows * p.cols,
               p.count,
               static_cast<int>(p.groups),
               static_cast<int>(p.rateCount)},
        kinds_{Global<const TracerKind>(p.kinds, p.count), Global<const int64_t>(p.firsts, p.groups + 1)},
        weather_(p.scratch, tracerDeviceScratch(p)) {}

  static Winds windsIn(const TracerParams& p) {
    return {p.channels, p.windX, p.windY, p.height, p.inverseHeight, kTracerHour / p.sizeX, kTracerHour / p.sizeY};
  }

  static float upperFactor() { return std::pow(kTracerUpperHeight / kTracerWindHeight, kTracerWindPower); }

  int64_t cells() const { return shape_.cells; }
  int64_t sources() const { return shape_.cells * p_.groups; }

  void setWeather(int64_t hour, int steps) const {
    const float lower = 1.0f / static_cast<float>(steps), upper = upperFactor() / static_cast<float>(steps);
    launch(context_, weather_kernel, dim3(tiles()), kElementThreads, 0, shape_, windsIn(p_), lower, upper, weatherOf(hour > 0 ? hour - 1 : 0),
           weatherOf(hour), weather_);
  }

  void emit(int64_t hour, const float* emissions, const float* factors) const {
    launch(context_, emit_kernel, dim3(tiles(), static_cast<unsigned>(p_.groups)), kElementThreads, 0, shape_, kinds_, readWeather(), ratesOf(hour),
           Global<const float>(emissions, sources()), Global<const float>(factors, sources()), masses(0));
  }

  void collect(int64_t hour, const float* emissions, float* gradFactors) const {
    launch(context_, collect_kernel, dim3(tiles(), static_cast<unsigned>(p_.groups)), kElementThreads, 0, shape_, kinds_, readWeather(),
           ratesOf(hour), Global<const float>(emissions, sources()), Global<float>(gradFactors, sources()), masses(0));
  }

  /** Along x into the other masses, and along y back; the transpose the other way round. */
  template <bool kAdjoint>
  void sweep() const {
    const int64_t size = shape_.plane.elements();
    const dim3 blocks(tiles(), static_cast<unsigned>(2 * p_.groups));
    for (int axis = 0; axis < 2; ++axis) {
      const bool alongX = (axis == 0) != kAdjoint;
      launch(context_, sweep_kernel<kAdjoint>, blocks, kElementThreads, 0, shape_, kinds_, alongX ? int64_t{1} : shape_.plane.stride,
             (alongX ? kFacesX : kFacesY) * size, readWeather(), readMasses(axis), masses(1 - axis));
    }
  }

  /** @param of - the hour's tracers, or the gradient on them */
  template <bool kAdjoint, class T>
  void end(int64_t hour, T* of) const {
    const auto blocks = static_cast<unsigned>((shape_.cells + kTileCells - 1) / kTileCells);
    launch(context_, tracer_hour_kernel<kAdjoint, T>, dim3(blocks), kElementThreads, kTileCells * kTileRow * static_cast<int>(sizeof(float)), shape_,
           Divisor(p_.cols), kinds_.kinds, readWeather(), ratesOf(hour), Global<T>(of, shape_.cells * shape_.count), masses(0));
  }

 private:
  /** One more row and column than cells, for the faces. */
  unsigned tiles() const { return static_cast<unsigned>((p_.cols + kLanes) / kLanes * ((p_.rows + kRows) / kRows)); }
  Global<const float> weatherOf(int64_t hour) const {
    const int64_t size = shape_.cells * p_.channels;
    return {p_.meteorology + hour * size, size};
  }
  Global<const float> ratesOf(int64_t hour) const {
    const int64_t size = shape_.cells * p_.rateCount;
    return {size > 0 ? p_.rates + hour * size : nullptr, size};
  }
  Global<const float> readWeather() const { return {p_.scratch, tracerDeviceScratch(p_)}; }
  Global<float> masses(int set) const { return {p_.masses + set * tracerMasses(p_), tracerMasses(p_)}; }
  Global<const float> readMasses(int set) const { return {p_.masses + set * tracerMasses(p_), tracerMasses(p_)}; }

  const TracerParams& p_;
  const Context& context_;
  Shape shape_;
  Kinds kinds_;
  Global<float> weather_;
};

}  // namespace

void tracerCourants(const TracerCourants& call, const Context& context) {
  const TracerParams& p = call.params;
  const int64_t cells = p.rows * p.cols;
  launch(context, courant_kernel, dim3(static_cast<unsigned>(p.hours)), kElementThreads, kMostWarps * static_cast<int>(sizeof(float)),
         Carrying::windsIn(p), Carrying::upperFactor(), cells, Global<const float>(p.meteorology, p.hours * cells * p.channels),
         Global<float>(call.largest, p.hours));
}

void tracersOnDevice(const TracersOnDevice& onDevice, const Context& context) {
  const auto& [call, steps] = onDevice;
  const TracerParams& p = call.params;
  const Carrying carrying(p, context);
  for (int64_t hour = 0; hour < p.hours; ++hour) {
    carrying.setWeather(hour, steps[hour]);
    carrying.emit(hour, call.emissions + hour * carrying.sources(), call.factors == nullptr ? nullptr : call.factors + hour * p.factorStride);
    for (int step = 0; step < steps[hour]; ++step) carrying.sweep<false>();
    carrying.end<false>(hour, call.out + hour * carrying.cells() * p.count);
  }
}

void tracersAdjointOnDevice(const TracersAdjointOnDevice& onDevice, const Context& context) {
  const auto& [call, steps] = onDevice;
  const TracerParams& p = call.params;
  const Carrying carrying(p, context);
  for (int64_t hour = p.hours - 1; hour >= 0; --hour) {
    carrying.setWeather(hour, steps[hour]);
    carrying.end<true>(hour, call.gradOut + hour * carrying.cells() * p.count);
    for (int step = 0; step < steps[hour]; ++step) carrying.sweep<true>();
    carrying.collect(hour, call.emissions + hour * carrying.sources(), call.gradFactors + hour * p.factorStride);
  }
}

}  // namespace retroplume::cuda
