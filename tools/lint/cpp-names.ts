// The naming style of C++: types in PascalCase, functions and variables in camelCase (members with _ behind them), constants as kName, macros in capitals;
// functions of the device end in _kernel.

/** What C and its libraries, CUDA and the compiler name. */
const FOREIGN = /^(__.*|\w+_kernel|(napi|nc|omp|sched)_\w+|make_float[24]|\w+_cast|static_assert|thread_local|vector_size)$/;
const FOREIGN_TYPE = /^(u?int(8|16|32|64|ptr)|s?size|ptrdiff|ino|dev|pid|off|time|ucontext|cuda[A-Z]\w*)_t$/;
const FOREIGN_STYLE = /^(float[24]|dim3|stat|threadIdx|block(Dim|Idx)|gridDim|Finalize|CU\w+_st|GOMP_\w+)$/;

/** The text with blanks in place of what holds no name of ours: comments, strings and attributes; names in std are made capitals. */
function withoutForeignText(text: string): string {
  const blank = (match: string): string => match.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\/.*|\/\*[\s\S]*?\*\/|R"(\w*)\([\s\S]*?\)\1"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)'/g, blank)
    .replace(/^\s*#\s*(include|pragma|if|ifdef|ifndef|elif)\b.*|\[\[.*?\]\]|__attribute__\(\(.*?\)\)/gm, blank)
    .replace(/\bstd(::\w+)+/g, (name) => 'S'.repeat(name.length));
}

/** A name that is declared, and whether the style has it so. */
const RULES: { what: string; pattern: RegExp; fits: (name: string) => boolean }[] = [
  { what: 'a name in camelCase', pattern: /(?<![\w.]|->|::)([a-z]\w*?_[a-z0-9]\w*)/g, fits: (name) => FOREIGN.test(name) || FOREIGN_TYPE.test(name) },
  {
    what: 'a function in camelCase',
    // A type, then the name: not a constructor, nor a call.
    pattern:
      /(?<![\w:])(?!(?:return|new|throw|explicit|else|case|operator|inline|constexpr|define|using|__\w+)\b)[A-Za-z][\w:]*(?:<[^;{}()]*>)?[*&]*[ ]+[*&]*(?:\w+::)*([A-Z]\w*)\([^;{}]*\)(?! override)/g,
    fits: (name) => /^[A-Z0-9_]+$/.test(name),
  },
  {
    what: 'a type in PascalCase',
    pattern: /\b(?:class|struct|enum|union)\s+(?:alignas\(\d+\)\s+)?(?!class\b|alignas\b)(\w+)/g,
    fits: (name) => /^[A-Z][A-Za-z0-9]*$/.test(name),
  },
  { what: 'a type in PascalCase', pattern: /\b(?:using|typedef)\s+(\w+)\s*=/g, fits: (name) => /^[A-Z][A-Za-z0-9]*$/.test(name) },
  {
    what: 'a constant as kName',
    pattern: /^(?:static |inline )*constexpr [\w:<>*& ]+?[ *&](\w+)(?:\[[^\]]*\])*\s*(?:=|\{)/gm,
    fits: (name) => /^k[A-Z0-9][A-Za-z0-9]*$/.test(name),
  },
  { what: 'an enumerator in camelCase', pattern: /\benum class[^;{]*\{[^}]*?\b(k[A-Z]\w*)/g, fits: () => false },
  { what: 'a macro in capitals', pattern: /^\s*#\s*define\s+(\w+)/gm, fits: (name) => /^[A-Z][A-Z0-9_]*$/.test(name) || FOREIGN.test(name) },
];

/** One sentence for each name that is not in the style. */
export function misnamed(text: string): string[] {
  const own = withoutForeignText(text);
  return RULES.flatMap(({ what, pattern, fits }) =>
    [...own.matchAll(pattern)]
      .filter(([, name]) => !fits(name) && !FOREIGN_STYLE.test(name))
      .map(({ 1: name, index }) => `line ${own.slice(0, index).split('\n').length}: expected ${what} but found ${name}`),
  );
}
