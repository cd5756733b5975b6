// What the model carries, and the constants that belong to it.
#pragma once

namespace retroplume::transport {

// Gases and ions in ppb (nmol per mol of air); kPPM and kSOA, which have no molar mass, in ng per mol of air.
enum Species {
  kNO,
  kNO2,
  kO3,
  kVOC,   // emitted organics, one lumped species of molar mass 40 g/mol
  kOVOC,  // their first products, that photolyse (formaldehyde and the like)
  kSO2,
  kSO4,   // sulfate, all of it in particles
  kTNO3,  // HNO3 + particulate nitrate
  kTNH3,  // NH3 + particulate ammonium
  kPPM,   // primary PM2.5
  kSOA,   // secondary organic aerosol
  kSpeciesCount
};

inline constexpr const char* kSpeciesNames[kSpeciesCount] = {"NO", "NO2", "O3", "VOC", "OVOC", "SO2", "SO4", "TNO3", "TNH3", "PPM", "SOA"};

// Emission groups in the order of the contract, and outputs in theirs.
enum Group { kGroupNOx, kGroupNH3, kGroupSO2, kGroupVOC, kGroupPM25, kGroupCount };
enum Output { kOutNO2, kOutSO2, kOutO3, kOutPM25, kOutputCount };

inline constexpr double kMolarSO4 = 96.06, kMolarNO3 = 62.00, kMolarNH4 = 18.04, kMolarVOC = 40.0;  // g mol-1
inline constexpr double kGasConstant = 8.314462618;                                                 // J mol-1 K-1
inline constexpr double kVonKarman = 0.4;
inline constexpr double kStandardPressure = 101325.0;  // Pa

// molecules cm-3 of one ppb, per mol of air m-3: 6.02214e23 mol-1 * 1e-9 * 1e-6 m3 cm-3
inline constexpr double kMoleculesPerPpb = 6.02214076e8;

}  // namespace retroplume::transport
