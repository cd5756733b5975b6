// A variable, parameter or function is not called by a word that says nothing by itself: `own`, `of`, `each`, `found`. What a reader looks for is the thing: station, firstHour, match.
// Keys of objects are free, since files and cases hold some of them, and so are variables that are taken out of an object under its key.
const WORDS = new Set(
  `own of at each told given found kept in on by to from for with without into upon over under above below before after beside between within beyond among against
  about across along around behind this that these those it its they them their theirs he she we us our ours you your yours me my mine who whom whose which what
  where when why how whether an the and or nor but if then than so as such same other others another both either neither all any some none no not every several few
  many much more most less least only just also too very is are was were be been being do does did done has have had having can could may might must shall should
  will would one ones here there now ever never always again once still yet already else thus said says taken made gone put got gave seen known asked meant
  held`.split(/\s+/),
);

/** What `Pattern` binds, each as an Identifier; not what it takes out of an object under its key. */
function* boundNames(pattern) {
  switch (pattern?.type) {
    case 'Identifier':
      yield pattern;
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) yield* boundNames(element);
      break;
    case 'AssignmentPattern':
      yield* boundNames(pattern.left);
      break;
    case 'RestElement':
      yield* boundNames(pattern.argument);
      break;
    case 'TSParameterProperty':
      yield* boundNames(pattern.parameter);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        if (property.type === 'RestElement') yield* boundNames(property);
        else if (!property.shorthand) yield* boundNames(property.value);
      }
  }
}

export const plainNames = {
  meta: { type: 'suggestion', schema: [], messages: { empty: '{{name}} says nothing by itself: call it by what it is' } },
  create(context) {
    const check = (pattern) => {
      for (const node of boundNames(pattern)) {
        if (WORDS.has(node.name)) context.report({ node, messageId: 'empty', data: { name: node.name } });
      }
    };
    const checkFunction = (node) => {
      if (node.type === 'FunctionDeclaration') check(node.id);
      node.params.forEach(check);
    };
    return {
      VariableDeclarator: (node) => check(node.id),
      FunctionDeclaration: checkFunction,
      FunctionExpression: checkFunction,
      ArrowFunctionExpression: checkFunction,
    };
  },
};
