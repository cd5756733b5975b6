// Some hours of the transport model with one, two and three threads, and of two models at once: the thread sanitizer looks on, and the results have
// the same bits.
#include <cstdio>
#include <functional>
#include <thread>

#include "transport_model.h"

namespace {

using namespace retroplume::transport;

HourInputs hour(int cells, unsigned seed) {
  const auto random = [&seed] {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) / 16777216.0;
  };
  const auto values = [&](int count, double low, double high) {
    std::vector<double> all(count);
    for (double& value : all) value = low + (high - low) * random();
    return all;
  };
  HourInputs in;
  in.emissions = values(cells * kGroupCount, 0, 3);
  in.windU = values(cells, -18, 18), in.windV = values(cells, -18, 18);
  in.temperature = values(cells, 260, 305);
  in.boundaryLayerHeight = values(cells, 30, 1800);
  in.humidity = values(cells, 0, 0.02), in.radiation = values(cells, 0, 900), in.rain = values(cells, 0, 4);
  if (seed % 2 == 0) in.pressure = values(cells, 80000, 103000), in.land = values(cells, 0, 1);
  return in;
}

/** Surface means of some hours, the state after them, and an hour more from that. */
std::vector<double> run(const GridShape& grid, Options options, int threads) {
  options.threads = threads;
  TransportModel model(grid, options);
  std::vector<double> all;
  const auto advance = [&](unsigned seed) {
    const std::vector<float> means = model.advanceHour(hour(grid.rows * grid.cols, seed));
    all.insert(all.end(), means.begin(), means.end());
  };
  for (unsigned seed = 0; seed < 3; ++seed) advance(seed);
  const std::vector<double> state = model.state();
  all.insert(all.end(), state.begin(), state.end());
  model.restore(state);
  advance(7);
  for (const double mass : model.budget().mass) all.push_back(mass);
  return all;
}

/** Every edge of the domain with some layers and shapes. */
void forEachModel(const std::function<void(const GridShape&, const Options&)>& visit) {
  Options options;
  for (Boundary boundary : {Boundary::open, Boundary::periodic, Boundary::closed}) {
    for (const std::vector<double>& tops : {std::vector<double>{}, {1500, 3500}, {500, 1000, 2000, 4000}}) {
      options.boundary = boundary, options.layerTops = tops;
      for (const auto& [rows, cols] : {std::pair<int, int>{1, 1}, {1, 7}, {2, 2}, {9, 1}, {13, 17}}) visit({rows, cols, 27000, 27000}, options);
    }
  }
}

}  // namespace

int main() {
  int models = 0, differ = 0;
  forEachModel([&](const GridShape& grid, const Options& options) {
    const std::vector<double> alone = run(grid, options, 1);
    for (int threads : {2, 3}) {
      ++models;
      if (run(grid, options, threads) != alone) ++differ;
    }
  });
  const GridShape grid{12, 11, 27000, 27000};
  std::vector<double> one, other;
  std::thread beside([&] { one = run(grid, {}, 2); });
  other = run(grid, {}, 2);
  beside.join();
  if (one != other) ++differ;
  std::printf("%d models, %d differ\n", models + 2, differ);
  return differ == 0 ? 0 : 1;
}
