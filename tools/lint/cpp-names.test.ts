import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { misnamed } from './cpp-names';

const sources = join(__dirname, '../../packages/native/src');
const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(cc|cu|h)$/.test(name));

test('C++ is all named in one style', () => {
  expect(files.length).toBeGreaterThan(200);
  expect(files.flatMap((name) => misnamed(readFileSync(join(sources, name), 'utf8')).map((breach) => `${name}: ${breach}`))).toEqual([]);
});

test.each([
  ['int row_count = 0;', /^line 1: expected a name in camelCase but found row_count$/],
  ['// rows\nvoid read_rows(int rows);', /^line 2: expected a name in camelCase but found read_rows$/],
  ['double wind_x_;', /wind_x_/],
  ['void Close();', /a function in camelCase but found Close/],
  ['std::vector<Group> Dataset::Groups() const {', /found Groups/],
  ['Napi::Value* TypeOf(Napi::Env env) {', /found TypeOf/],
  ['Napi::Object Init(Napi::Env env, Napi::Object exports) {', /found Init/],
  ['struct rows {', /a type in PascalCase but found rows/],
  ['enum class row_kind { first };', /row_kind/],
  ['using rows = int;', /a type in PascalCase but found rows/],
  ['constexpr int rowsAtOnce = 4;', /a constant as kName but found rowsAtOnce/],
  ['enum class Kind { kFirst, second };', /an enumerator in camelCase but found kFirst/],
  ['#define rows 4', /a macro in capitals but found rows/],
])('%s is found', (text, message) => {
  expect(misnamed(text).join('\n')).toMatch(message);
});

test.each([
  'class Rows final { explicit Rows(int count); int count_; };',
  'Rows::Rows(int count) : count_(count) {}',
  'Rows::~Rows() { return Close(); }',
  'void Finalize(Napi::BasicEnv env) override;',
  'return Napi::Error::New(env, "no row_count");',
  'throw NativeError("CODE", rows.push_back(std::exchange(row, 0)));  // row_count',
  '__global__ void __launch_bounds__(256) fill_kernel(Fill call) {}',
  'const int64_t rows = nc_inq_dimid(id, "x");',
  'constexpr int kRowsAtOnce = 4;',
  '#define RETROPLUME_ROWS 4',
  'enum Rate { kPhotolysis };',
])('%s passes', (text) => {
  expect(misnamed(text)).toEqual([]);
});
