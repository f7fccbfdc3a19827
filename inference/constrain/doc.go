// Package constrain makes a model write JSON that fits a JSON Schema: it says which tokens may come next,
// and the others lose their chance before one is chosen.
//
//	Compile      schema -> Grammar: an automaton with a stack that reads the value's bytes
//	NewVocabulary                  the model's tokens as a tree of their bytes, once a model
//	New          a value in the making: Mask before each token, Next with the one chosen
//
// It knows nothing of models. inference.Options.Schema is where it is used.
//
// # What is promised
//
// When Complete, the text is JSON in UTF-8, fits the schema, has no member twice, and ends. Tokens that end
// a text are allowed then and only then. If the first call of Mask has left >= Least, the value is
// complete before left tokens are out: when few remain, only tokens that lead to an end stay. With fewer,
// the shortest way is taken, and may not get there.
//
// # What is written
//
//	{"name": "x", "list": [1, 2]}     after ',' and ':' one space or none, elsewhere none
//	declared properties               in the order of the schema; optional ones may be left out
//	others                            behind them, if additionalProperties says so or none is declared,
//	                                  up to 32, no name twice
//	numbers                           up to 15 digits and 16 of a fraction; no -0; see number.go
//	strings                           any escapes of RFC 8259; one character where a pattern wants one
//	nesting                           up to 64 levels
//
// # Which schemas
//
// 2020-12, 2019-09 and draft-07: type, enum, const, properties, required, additionalProperties,
// minProperties, maxProperties (where nothing need be counted), items, prefixItems, additionalItems,
// minItems, maxItems, minLength, maxLength, pattern (the regular part), format (date, time, date-time, uuid,
// ipv4), minimum, maximum, both exclusive ones, multipleOf 1, anyOf, oneOf (of alternatives that exclude each
// other), allOf, $ref inside the schema, with recursion, true and false. Annotations are skipped.
// Whatever else there is, is refused by its name and place.
//
// Schemas are not trusted: text, states, alternatives and depth are bounded (compile.go).
package constrain
