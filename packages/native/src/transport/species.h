// What the model carries, takes in and gives out, by name, and the constants that belong to it.
#pragma once

namespace retroplume::transport {

// Gases and ions in ppb (nmol per mol of air); kPPM, kSOA and kPMC, which have no molar mass, in ng per mol of air.
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
  kCO,    // from here on: carried where a run asks for it
  kPMC,   // primary particles between 2.5 and 10 um
  kSpeciesCount
};

inline constexpr const char* kSpeciesNames[kSpeciesCount] = {"NO",   "NO2",  "O3",  "VOC", "OVOC", "SO2", "SO4",
                                                             "TNO3", "TNH3", "PPM", "SOA", "CO",   "PMC"};

// Emission groups and outputs that there are; a run has some of them, in an order of its own.
enum Group { kGroupNOx, kGroupNH3, kGroupSO2, kGroupVOC, kGroupPM25, kGroupCO, kGroupPMC, kGroupISOP, kGroupCount };
inline constexpr const char* kGroupNames[kGroupCount] = {"NOx", "NH3", "SO2", "VOC", "PM2.5", "CO", "PMC", "ISOP"};

enum Output {
  kOutNO2,
  kOutSO2,
  kOutO3,
  kOutPM25,
  kOutCO,
  kOutPM10,
  kOutNO,
  kOutNH3,   // the gas
  kOutHCHO,  // all carbonyls stand for it
  kOutSO4,
  kOutNO3,  // in particles
  kOutNH4,
  kOutOC,  // the carbon of kSOA
  kOutputCount
};
inline constexpr const char* kOutputNames[kOutputCount] = {"NO2", "SO2", "O3", "PM2.5", "CO", "PM10", "NO", "NH3", "HCHO", "SO4", "NO3", "NH4", "OC"};

inline constexpr double kMolarSO4 = 96.06, kMolarNO3 = 62.00, kMolarNH4 = 18.04, kMolarVOC = 40.0;  // g mol-1
inline constexpr double kOrganicMassPerCarbon = 1.8;                                                // Turpin & Lim (2001): 1.6 urban, 2.1 aged
inline constexpr double kGasConstant = 8.314462618;                                                 // J mol-1 K-1
inline constexpr double kVonKarman = 0.4;
inline constexpr double kStandardPressure = 101325.0;  // Pa

// molecules cm-3 of one ppb, per mol of air m-3: 6.02214e23 mol-1 * 1e-9 * 1e-6 m3 cm-3
inline constexpr double kMoleculesPerPpb = 6.02214076e8;

}  // namespace retroplume::transport
