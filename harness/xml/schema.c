// Makes the RELAX NG grammars of the languages from the tables of layers and structures, so that
// editors know every element and attribute.
#include "harness/xml/xml_internal.h"

#include <string.h>

static void add_escaped(gb_text *out, const char *text) {
  for (; *text; text++) {
    switch (*text) {
    case '&':
      gb_text_add(out, "&amp;");
      break;
    case '<':
      gb_text_add(out, "&lt;");
      break;
    case '>':
      gb_text_add(out, "&gt;");
      break;
    default:
      gb_text_add_n(out, text, 1);
    }
  }
}

static void add_help(gb_text *out, const char *indent, const char *help) {
  if (!help || !*help)
    return;
  gb_text_print(out, "%s<a:documentation>", indent);
  add_escaped(out, help);
  gb_text_add(out, "</a:documentation>\n");
}

static void add_pattern(gb_text *out, const char *pattern) {
  gb_text_print(out, "        <data type=\"string\"><param name=\"pattern\">%s</param></data>\n",
                pattern);
}

static void add_range(gb_text *out, const char *type, double min, double max) {
  gb_text_print(out,
                "        <data type=\"%s\"><param name=\"minInclusive\">%.15g</param>"
                "<param name=\"maxInclusive\">%.15g</param></data>\n",
                type, min, max);
}

static void add_value(gb_text *out, const char *value) {
  gb_text_add(out, "        <value>");
  add_escaped(out, value);
  gb_text_add(out, "</value>\n");
}

static void add_values(gb_text *out, const char *const *values) {
  for (; *values; values++)
    add_value(out, *values);
}

#define SIZE_PATTERN "[0-9]+(x[0-9]+)?"

// One attribute by its row: the values it takes, or an expression in braces.
static void add_attribute(gb_text *out, const gb_attr *attr) {
  static const char *const bools[] = {"0", "1", "false", "true", "no", "yes", NULL};
  static const char *const paddings[] = {"half", "valid", "same", "causal", NULL};
  if (attr->fallback)
    gb_text_add(out, "    <optional>\n");
  gb_text_print(out, "      <attribute name=\"%s\">\n", attr->name);
  add_help(out, "        ", attr->help);
  gb_text_add(out, "       <choice>\n        <ref name=\"expression\"/>\n");
  switch (attr->type) {
  case GB_ATTR_INT: {
    // xsd:integer takes no exponent in its bounds.
    gb_text_print(out,
                  "        <data type=\"integer\"><param name=\"minInclusive\">%.0f</param>"
                  "<param name=\"maxInclusive\">%.0f</param></data>\n",
                  attr->min, attr->max);
    break;
  }
  case GB_ATTR_REAL:
    add_range(out, "double", attr->min, attr->max);
    break;
  case GB_ATTR_BOOL:
    add_values(out, bools);
    break;
  case GB_ATTR_CHOICE:
    add_values(out, attr->choices);
    break;
  case GB_ATTR_NAME:
    add_pattern(out, "[A-Za-z0-9._\\-]*");
    break;
  case GB_ATTR_NAMES:
    add_pattern(out, "[A-Za-z0-9._\\- ]*");
    break;
  case GB_ATTR_SIZE:
    add_pattern(out, SIZE_PATTERN);
    break;
  case GB_ATTR_SIZES:
    add_pattern(out, SIZE_PATTERN "(," SIZE_PATTERN ")*");
    break;
  case GB_ATTR_PADDING:
    add_values(out, paddings);
    add_pattern(out, SIZE_PATTERN "|[0-9]+,[0-9]+,[0-9]+,[0-9]+");
    break;
  }
  gb_text_add(out, "       </choice>\n      </attribute>\n");
  if (attr->fallback)
    gb_text_add(out, "    </optional>\n");
}

static void add_rows(gb_text *out, const gb_attr *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    add_attribute(out, &rows[i]);
}

static void add_layer(gb_text *out, const gb_layer *layer) {
  gb_text_print(out, "\n  <define name=\"layer.%s\">\n   <element name=\"%s\">\n", layer->name,
                layer->name);
  add_help(out, "    ", layer->summary);
  add_rows(out, layer->attrs, layer->n_attrs);
  gb_text_add(out, "    <ref name=\"common\"/>\n   </element>\n  </define>\n");
}

static void add_structure(gb_text *out, const gb_structure *structure) {
  gb_text_print(out, "\n  <define name=\"structure.%s\">\n   <element name=\"%s\">\n",
                structure->name, structure->name);
  add_help(out, "    ", structure->summary);
  add_rows(out, structure->attrs, structure->n_attrs);
  gb_text_add(out, "    <ref name=\"condition\"/>\n    <zeroOrMore>\n     <choice>\n");
  if (strcmp(structure->name, "branches") != 0)
    gb_text_add(out, "      <ref name=\"item\"/>\n");
  else
    gb_text_add(out, "      <ref name=\"let\"/>\n      <ref name=\"repeat\"/>\n");
  for (size_t i = 0; i < gb_structure_count; i++)
    if (gb_structures[i].is_part && strcmp(gb_structures[i].parent, structure->name) == 0)
      gb_text_print(out, "      <ref name=\"structure.%s\"/>\n", gb_structures[i].name);
  gb_text_add(out, "     </choice>\n    </zeroOrMore>\n   </element>\n  </define>\n");
}

static const char HEAD[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!-- Made from the attribute tables of layers/ by `make schema`; edit those, not this. -->\n"
    "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\"\n"
    "         xmlns:a=\"http://relaxng.org/ns/compatibility/annotations/1.0\"\n"
    "         datatypeLibrary=\"http://www.w3.org/2001/XMLSchema-datatypes\">\n";

// Pieces of the languages that no table describes.
static const char SHARED[] =
    "\n"
    "  <define name=\"expression\">\n"
    "   <data type=\"string\"><param name=\"pattern\">.*\\{.*\\}.*</param></data>\n"
    "  </define>\n"
    "  <define name=\"word\">\n"
    "   <data type=\"string\"><param name=\"pattern\">[A-Za-z_][A-Za-z0-9._\\-]*</param></data>\n"
    "  </define>\n"
    "  <define name=\"condition\">\n"
    "   <optional><attribute name=\"if\"/></optional>\n"
    "  </define>\n"
    "  <define name=\"set\">\n"
    "   <element name=\"set\">\n"
    "    <attribute name=\"param\"><ref name=\"word\"/></attribute>\n"
    "    <attribute name=\"value\"/>\n"
    "   </element>\n"
    "  </define>\n"
    "  <define name=\"substitute\">\n"
    "   <element name=\"substitute\">\n"
    "    <a:documentation>layers that match becomes another kind</a:documentation>\n"
    "    <attribute name=\"match\"/>\n"
    "    <optional><attribute name=\"with\"/></optional>\n"
    "    <optional><attribute name=\"optional\"><choice><value>0</value><value>1</value></choice>"
    "</attribute></optional>\n"
    "    <ref name=\"condition\"/>\n"
    "    <zeroOrMore>\n"
    "     <attribute>\n"
    "      <anyName><except><name>match</name><name>with</name><name>optional</name>"
    "<name>if</name><name>keep</name></except></anyName>\n"
    "     </attribute>\n"
    "    </zeroOrMore>\n"
    "   </element>\n"
    "  </define>\n";

static const char ARCHITECTURE[] =
    "\n"
    "  <start>\n"
    "   <choice>\n"
    "    <element name=\"architecture\">\n"
    "     <attribute name=\"name\"><ref name=\"word\"/></attribute>\n"
    "     <optional><attribute name=\"title\"/></optional>\n"
    "     <optional><attribute name=\"source\"/></optional>\n"
    "     <optional><attribute name=\"extends\"><ref name=\"word\"/></attribute></optional>\n"
    "     <zeroOrMore>\n"
    "      <choice>\n"
    "       <ref name=\"param\"/>\n"
    "       <ref name=\"set\"/>\n"
    "       <ref name=\"block\"/>\n"
    "       <ref name=\"include\"/>\n"
    "       <ref name=\"substitute\"/>\n"
    "       <ref name=\"layer.input\"/>\n"
    "       <ref name=\"item\"/>\n"
    "      </choice>\n"
    "     </zeroOrMore>\n"
    "    </element>\n"
    "    <element name=\"blocks\">\n"
    "     <zeroOrMore><choice><ref name=\"block\"/><ref name=\"include\"/></choice></zeroOrMore>\n"
    "    </element>\n"
    "   </choice>\n"
    "  </start>\n"
    "\n"
    "  <define name=\"param\">\n"
    "   <element name=\"param\">\n"
    "    <attribute name=\"name\"><ref name=\"word\"/></attribute>\n"
    "    <attribute name=\"default\"/>\n"
    "    <optional><attribute name=\"min\"><data type=\"double\"/></attribute></optional>\n"
    "    <optional><attribute name=\"max\"><data type=\"double\"/></attribute></optional>\n"
    "    <optional><attribute name=\"choices\"/></optional>\n"
    "    <optional><attribute name=\"type\"><choice><value>number</value><value>integer</value>"
    "<value>text</value></choice></attribute></optional>\n"
    "    <optional><attribute name=\"help\"/></optional>\n"
    "   </element>\n"
    "  </define>\n"
    "  <define name=\"block\">\n"
    "   <element name=\"block\">\n"
    "    <attribute name=\"name\"><ref name=\"word\"/></attribute>\n"
    "    <optional><attribute name=\"params\"/></optional>\n"
    "    <optional><attribute name=\"help\"/></optional>\n"
    "    <zeroOrMore><ref name=\"item\"/></zeroOrMore>\n"
    "   </element>\n"
    "  </define>\n"
    "  <define name=\"include\">\n"
    "   <element name=\"include\" ns=\"" GB_XINCLUDE "\">\n"
    "    <attribute name=\"href\"/>\n"
    "   </element>\n"
    "  </define>\n"
    "  <define name=\"let\">\n"
    "   <element name=\"let\">\n"
    "    <attribute name=\"name\"><ref name=\"word\"/></attribute>\n"
    "    <attribute name=\"value\"/>\n"
    "   </element>\n"
    "  </define>\n"
    "  <define name=\"repeat\">\n"
    "   <element name=\"repeat\">\n"
    "    <attribute name=\"count\"/>\n"
    "    <optional><attribute name=\"var\"><ref name=\"word\"/></attribute></optional>\n"
    "    <optional><attribute name=\"from\"/></optional>\n"
    "    <ref name=\"condition\"/>\n"
    "    <zeroOrMore>\n"
    "     <choice>\n"
    "      <ref name=\"item\"/>\n"
    "      <ref name=\"structure.shortcut\"/>\n"
    "      <ref name=\"structure.branch\"/>\n"
    "     </choice>\n"
    "    </zeroOrMore>\n"
    "   </element>\n"
    "  </define>\n";

static void schema_architecture(gb_text *out) {
  gb_text_add(out, ARCHITECTURE);
  gb_text_add(out, "\n  <define name=\"common\">\n");
  add_rows(out, gb_common_attrs, gb_common_attr_count);
  gb_text_add(out, "    <ref name=\"condition\"/>\n  </define>\n");
  for (size_t i = 0; i < gb_layer_count; i++)
    add_layer(out, gb_layers[i]);
  for (size_t i = 0; i < gb_structure_count; i++)
    add_structure(out, &gb_structures[i]);
  gb_text_add(out, "\n  <define name=\"use\">\n   <element>\n"
                   "    <a:documentation>a block's name; its attributes are the block's params"
                   "</a:documentation>\n    <anyName>\n     <except>\n");
  for (size_t i = 0; i < gb_layer_count; i++)
    gb_text_print(out, "      <name>%s</name>\n", gb_layers[i]->name);
  for (size_t i = 0; i < gb_structure_count; i++)
    gb_text_print(out, "      <name>%s</name>\n", gb_structures[i].name);
  for (size_t i = 0; gb_language_elements[i]; i++)
    if (strcmp(gb_language_elements[i], "input") != 0)
      gb_text_print(out, "      <name>%s</name>\n", gb_language_elements[i]);
  gb_text_add(out, "      <nsName ns=\"" GB_XINCLUDE "\"/>\n     </except>\n    </anyName>\n"
                   "    <zeroOrMore><attribute><anyName/></attribute></zeroOrMore>\n"
                   "   </element>\n  </define>\n"
                   "\n  <define name=\"item\">\n   <choice>\n"
                   "    <ref name=\"let\"/>\n    <ref name=\"repeat\"/>\n"
                   "    <ref name=\"use\"/>\n");
  for (size_t i = 0; i < gb_layer_count; i++)
    if (strcmp(gb_layers[i]->name, "input") != 0)
      gb_text_print(out, "    <ref name=\"layer.%s\"/>\n", gb_layers[i]->name);
  for (size_t i = 0; i < gb_structure_count; i++)
    if (!gb_structures[i].is_part)
      gb_text_print(out, "    <ref name=\"structure.%s\"/>\n", gb_structures[i].name);
  gb_text_add(out, "   </choice>\n  </define>\n");
}

static const char EXPERIMENT[] =
    "\n"
    "  <start>\n"
    "   <element name=\"experiment\">\n"
    "    <attribute name=\"name\"><ref name=\"word\"/></attribute>\n"
    "    <optional><attribute name=\"title\"/></optional>\n"
    "    <optional><attribute name=\"convention\"><ref name=\"convention\"/></attribute>"
    "</optional>\n"
    "    <zeroOrMore>\n"
    "     <choice>\n"
    "      <element name=\"question\"><text/></element>\n"
    "      <element name=\"include\">\n"
    "       <attribute name=\"experiment\"><ref name=\"word\"/></attribute>\n"
    "      </element>\n"
    "      <ref name=\"sweep\"/>\n"
    "      <ref name=\"set\"/>\n"
    "      <ref name=\"model\"/>\n"
    "      <element name=\"measure\"><list><zeroOrMore><ref name=\"measure\"/></zeroOrMore></list>"
    "</element>\n"
    "      <element name=\"reproduce\">\n"
    "       <attribute name=\"published\"><ref name=\"word\"/></attribute>\n"
    "      </element>\n"
    "      <element name=\"known\">\n"
    "       <attribute name=\"row\"/>\n"
    "       <attribute name=\"column\"/>\n"
    "       <text/>\n"
    "      </element>\n"
    "      <ref name=\"plot\"/>\n"
    "     </choice>\n"
    "    </zeroOrMore>\n"
    "   </element>\n"
    "  </start>\n"
    "\n"
    "  <define name=\"model\">\n"
    "   <element name=\"model\">\n"
    "    <attribute name=\"architecture\"/>\n"
    "    <optional><attribute name=\"label\"/></optional>\n"
    "    <optional><attribute name=\"row\"/></optional>\n"
    "    <optional><attribute name=\"series\"/></optional>\n"
    "    <zeroOrMore>\n"
    "     <choice>\n"
    "      <ref name=\"set\"/>\n"
    "      <ref name=\"sweep\"/>\n"
    "      <ref name=\"substitute\"/>\n"
    "     </choice>\n"
    "    </zeroOrMore>\n"
    "   </element>\n"
    "  </define>\n"
    "  <define name=\"sweep\">\n"
    "   <element name=\"sweep\">\n"
    "    <attribute name=\"param\"><ref name=\"word\"/></attribute>\n"
    "    <choice>\n"
    "     <attribute name=\"values\"/>\n"
    "     <group>\n"
    "      <attribute name=\"from\"><data type=\"double\"/></attribute>\n"
    "      <attribute name=\"to\"><data type=\"double\"/></attribute>\n"
    "      <choice>\n"
    "       <attribute name=\"step\"><data type=\"double\"/></attribute>\n"
    "       <attribute name=\"count\"><data type=\"positiveInteger\"/></attribute>\n"
    "      </choice>\n"
    "     </group>\n"
    "    </choice>\n"
    "   </element>\n"
    "  </define>\n"
    "  <define name=\"plot\">\n"
    "   <element name=\"plot\">\n"
    "    <choice>\n"
    "     <group>\n"
    "      <attribute "
    "name=\"kind\"><choice><value>line</value><value>scatter</value><value>pareto</value></"
    "choice></attribute>\n"
    "      <attribute name=\"x\"/>\n"
    "      <attribute name=\"y\"/>\n"
    "     </group>\n"
    "     <group>\n"
    "      <attribute name=\"kind\"><value>bars</value></attribute>\n"
    "      <optional><attribute name=\"x\"><value>model</value></attribute></optional>\n"
    "      <attribute name=\"y\"/>\n"
    "     </group>\n"
    "     <group>\n"
    "      <attribute name=\"kind\"><value>stacked-bars</value></attribute>\n"
    "      <optional><attribute name=\"x\"><value>model</value></attribute></optional>\n"
    "      <attribute "
    "name=\"y\"><choice><value>macs</value><value>params</value><value>time</"
    "value><value>time_share</value></choice></attribute>\n"
    "     </group>\n"
    "     <group>\n"
    "      <attribute name=\"kind\"><value>roofline</value></attribute>\n"
    "      <optional><attribute name=\"x\"><value>intensity</value></attribute></optional>\n"
    "      <optional><attribute name=\"y\"><value>rate</value></attribute></optional>\n"
    "     </group>\n"
    "     <group>\n"
    "      <attribute name=\"kind\"><value>distribution</value></attribute>\n"
    "      <attribute "
    "name=\"x\"><choice><value>latency</value><value>latency_relative</value></choice></"
    "attribute>\n"
    "      <optional><attribute name=\"y\"><value>model</value></attribute></optional>\n"
    "     </group>\n"
    "     <group>\n"
    "      <attribute name=\"kind\"><value>ratios</value></attribute>\n"
    "      <attribute "
    "name=\"x\"><choice><value>latency</value><value>onnxruntime</value></choice></attribute>\n"
    "      <optional><attribute name=\"y\"><value>model</value></attribute></optional>\n"
    "     </group>\n"
    "    </choice>\n"
    "    <optional><attribute name=\"name\"><ref name=\"word\"/></attribute></optional>\n"
    "    <optional><attribute name=\"title\"/></optional>\n"
    "    <optional><attribute name=\"published\"><ref name=\"word\"/></attribute></optional>\n"
    "    <optional><attribute name=\"caption\"/></optional>\n"
    "    <optional><attribute name=\"only\"/></optional>\n"
    "    <optional><attribute name=\"series\"/></optional>\n"
    "    <optional><attribute name=\"fit\"><value>linear</value></attribute></optional>\n"
    "    <optional><attribute name=\"theory\"><list><zeroOrMore><ref "
    "name=\"theory\"/></zeroOrMore></list></attribute></optional>\n"
    "    <optional><attribute name=\"log\"/></optional>\n"
    "   </element>\n"
    "  </define>\n";

static const char COUNTERS[] =
    "\n"
    "  <start>\n"
    "   <element name=\"counters\">\n"
    "    <attribute name=\"name\"><ref name=\"word\"/></attribute>\n"
    "    <optional><attribute name=\"title\"/></optional>\n"
    "    <interleave>\n"
    "     <optional><element name=\"about\"><text/></element></optional>\n"
    "     <oneOrMore><ref name=\"event\"/></oneOrMore>\n"
    "     <zeroOrMore><ref name=\"metric\"/></zeroOrMore>\n"
    "    </interleave>\n"
    "   </element>\n"
    "  </start>\n"
    "\n"
    "  <define name=\"meaning\">\n"
    "   <attribute name=\"name\"><ref name=\"word\"/></attribute>\n"
    "   <optional><attribute name=\"title\"/></optional>\n"
    "   <optional><attribute name=\"unit\"/></optional>\n"
    "   <optional><attribute name=\"help\"/></optional>\n"
    "  </define>\n"
    "  <define name=\"bound\">\n"
    "   <data type=\"double\"><param name=\"minInclusive\">0</param></data>\n"
    "  </define>\n"
    "  <define name=\"event\">\n"
    "   <element name=\"event\">\n"
    "    <a:documentation>what is counted; formulas see it as $name</a:documentation>\n"
    "    <ref name=\"meaning\"/>\n"
    "    <attribute name=\"from\">\n"
    "     <a:documentation>NAME or NAME*WORTH; the first name that the machine knows is "
    "counted</a:documentation>\n"
    "     <list><oneOrMore><data type=\"string\"><param name=\"pattern\">"
    "[A-Za-z0-9_:.=@\\-]{1,120}(\\*[0-9.eE+\\-]+)?</param></data></oneOrMore></list>\n"
    "    </attribute>\n"
    "    <optional>\n"
    "     <attribute name=\"work\">\n"
    "      <a:documentation>known work that the event is first counted on</a:documentation>\n"
    "     </attribute>\n"
    "     <attribute name=\"least\"><ref name=\"bound\"/></attribute>\n"
    "     <attribute name=\"most\"><ref name=\"bound\"/></attribute>\n"
    "    </optional>\n"
    "   </element>\n"
    "  </define>\n"
    "  <define name=\"metric\">\n"
    "   <element name=\"metric\">\n"
    "    <ref name=\"meaning\"/>\n"
    "    <attribute name=\"formula\">\n"
    "     <a:documentation>XPath 1.0 over events and metrics above, and: ";

static const char COUNTERS_END[] = "</a:documentation>\n"
                                   "    </attribute>\n"
                                   "   </element>\n"
                                   "  </define>\n";

static void schema_counters(gb_text *out) {
  gb_text_add(out, COUNTERS);
  for (size_t i = 0; i < GB_FACT_COUNT; i++) {
    gb_text_print(out, "%s$%s (", i ? ", " : "", gb_fact_names[i]);
    add_escaped(out, gb_fact_texts[i]);
    gb_text_add(out, ")");
  }
  gb_text_add(out, COUNTERS_END);
}

static void add_words(gb_text *out, const char *name, const char *const *words) {
  gb_text_print(out, "\n  <define name=\"%s\">\n   <choice>\n", name);
  add_values(out, words);
  gb_text_add(out, "   </choice>\n  </define>\n");
}

static void schema_experiment(gb_text *out) {
  gb_text_add(out, EXPERIMENT);
  add_words(out, "convention", gb_convention_names);
  add_words(out, "measure", gb_measure_names);
  add_words(out, "theory", gb_plot_theories);
}

gb_status gb_xml_schema(const char *kind, gb_text *out, gb_error *error) {
  static const struct {
    const char *kind;
    void (*write)(gb_text *out);
  } languages[] = {{"architecture", schema_architecture},
                   {"experiment", schema_experiment},
                   {"counters", schema_counters}};
  size_t count = sizeof languages / sizeof *languages, i = 0;
  while (i < count && strcmp(languages[i].kind, kind) != 0)
    i++;
  if (i == count)
    return gb_fail(error, GB_EUSAGE,
                   "no schema of '%.60s': there are \"architecture\", \"experiment\" and "
                   "\"counters\"",
                   kind);
  gb_text_add(out, HEAD);
  languages[i].write(out);
  gb_text_add(out, SHARED);
  gb_text_add(out, "</grammar>\n");
  return out->failed ? gb_fail_memory(error) : GB_OK;
}
