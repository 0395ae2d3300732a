// Evaluates compiled expressions: variables, limits, and errors that name expression and place.
#include "harness/xml/xml_internal.h"

#include <libxml/xpathInternals.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gb_xpath_problem(const xmlError *problem, gb_error *error) {
  static const char *const words[] = {
      [XPATH_NUMBER_ERROR] = "a number is malformed",
      [XPATH_UNFINISHED_LITERAL_ERROR] = "a quoted text does not end",
      [XPATH_START_LITERAL_ERROR] = "a quoted text does not begin",
      [XPATH_VARIABLE_REF_ERROR] = "'$' without a name",
      [XPATH_INVALID_PREDICATE_ERROR] = "a condition in brackets is malformed",
      [XPATH_EXPR_ERROR] = "something is missing or superfluous",
      [XPATH_UNCLOSED_ERROR] = "a parenthesis or bracket is not closed",
      [XPATH_UNKNOWN_FUNC_ERROR] = "unknown function",
      [XPATH_INVALID_OPERAND] = "an operand is of the wrong kind",
      [XPATH_INVALID_TYPE] = "a value is of the wrong kind",
      [XPATH_INVALID_ARITY] = "a function has too few or too many arguments",
      [XPATH_UNDEF_PREFIX_ERROR] = "a prefix of a name is unknown",
      [XPATH_INVALID_CHAR_ERROR] = "a character is not allowed",
      [XPATH_STACK_ERROR] = "too many values at once",
      [XPATH_RECURSION_LIMIT_EXCEEDED] = "nested too deeply",
  };
  if (error->status != GB_OK)
    return;
  // libxml2 gives a code and the offset in the expression, but no text.
  int code = problem->code - XML_XPATH_EXPRESSION_OK;
  bool known = code > 0 && (size_t)code < sizeof words / sizeof *words && words[code];
  gb_status status = code == XPATH_OP_LIMIT_EXCEEDED ? GB_ELIMIT : GB_EINPUT;
  const char *text = known ? words[code] : "malformed";
  if (problem->code == XML_ERR_NO_MEMORY || code == XPATH_MEMORY_ERROR)
    gb_fail_memory(error);
  else if (problem->int1 > 0) // 0 while evaluating
    gb_fail(error, status, "%s at character %d", text, problem->int1 + 1);
  else
    gb_fail(error, status, "%s", text);
}

static void take_error(void *data, xmlErrorPtr problem) {
  gb_evaluator *evaluator = data;
  gb_xpath_problem(problem, &evaluator->xpath);
}

static xmlXPathObjectPtr look_up(void *data, const xmlChar *name, const xmlChar *uri) {
  gb_evaluator *evaluator = data;
  const gb_variable *variable = uri ? NULL : gb_variable_find(evaluator, (const char *)name);
  if (!variable) {
    if (!*evaluator->missing)
      snprintf(evaluator->missing, sizeof evaluator->missing, "$%.60s", (const char *)name);
    return NULL;
  }
  return variable->is_number ? xmlXPathNewFloat(variable->number)
                             : xmlXPathNewCString(variable->text);
}

static xmlXPathFunction look_up_function(void *data, const xmlChar *name, const xmlChar *uri) {
  (void)data;
  return uri ? NULL : gb_function_find((const char *)name);
}

gb_status gb_evaluator_start(gb_evaluator *evaluator, gb_arena *arena, gb_error *error) {
  *evaluator = (gb_evaluator){.arena = arena};
  evaluator->nothing = xmlNewDoc((const xmlChar *)"1.0");
  evaluator->context = evaluator->nothing ? xmlXPathNewContext(evaluator->nothing) : NULL;
  if (!evaluator->context) {
    gb_evaluator_end(evaluator);
    return gb_fail_memory(error);
  }
  evaluator->context->node = (xmlNodePtr)evaluator->nothing;
  evaluator->context->error = take_error;
  evaluator->context->userData = evaluator;
  evaluator->context->opLimit = GB_XML_MAX_OPERATIONS;
  xmlXPathRegisterVariableLookup(evaluator->context, look_up, evaluator);
  xmlXPathRegisterFuncLookup(evaluator->context, look_up_function, evaluator);
  return GB_OK;
}

void gb_evaluator_end(gb_evaluator *evaluator) {
  if (evaluator->context)
    xmlXPathFreeContext(evaluator->context);
  if (evaluator->nothing)
    xmlFreeDoc(evaluator->nothing);
  evaluator->context = NULL;
  evaluator->nothing = NULL;
}

gb_variable gb_variable_make(const char *name, const char *text) {
  gb_variable variable = {.name = name, .text = text};
  variable.is_number = gb_parse_real(text, &variable.number);
  return variable;
}

gb_status gb_variable_push(gb_evaluator *evaluator, bool global, const char *name, const char *text,
                           gb_error *error) {
  gb_variable **array = global ? &evaluator->globals : &evaluator->locals;
  size_t *count = global ? &evaluator->global_count : &evaluator->local_count;
  size_t *capacity = global ? &evaluator->global_capacity : &evaluator->local_capacity;
  gb_variable *grown = gb_arena_grow(evaluator->arena, *array, *count, capacity, sizeof **array);
  if (!grown)
    return gb_fail_memory(error);
  *array = grown;
  grown[(*count)++] = gb_variable_make(name, text);
  return GB_OK;
}

const gb_variable *gb_variable_find(const gb_evaluator *evaluator, const char *name) {
  for (size_t i = evaluator->local_count; i > evaluator->frame; i--)
    if (strcmp(evaluator->locals[i - 1].name, name) == 0)
      return &evaluator->locals[i - 1];
  for (size_t i = evaluator->global_count; i > 0; i--)
    if (strcmp(evaluator->globals[i - 1].name, name) == 0)
      return &evaluator->globals[i - 1];
  return NULL;
}

static gb_status fail_unknown_variable(const gb_evaluator *evaluator,
                                       const gb_expression *expression, const gb_location *where,
                                       const char *name, gb_error *error) {
  gb_suggestion suggestion = {.name = name};
  for (size_t i = evaluator->frame; i < evaluator->local_count; i++)
    gb_suggest(&suggestion, evaluator->locals[i].name);
  for (size_t i = 0; i < evaluator->global_count; i++)
    gb_suggest(&suggestion, evaluator->globals[i].name);
  return gb_fail_at(error, GB_EINPUT, where,
                    "in {%.200s}: unknown variable $%s (or not defined before its use)%s%s%s",
                    expression->text, name, suggestion.best ? "; did you mean $" : "",
                    suggestion.best ? suggestion.best : "", suggestion.best ? "?" : "");
}

static gb_status evaluate(gb_evaluator *evaluator, const gb_expression *expression, xmlNodePtr node,
                          const gb_location *where, xmlXPathObjectPtr *result, gb_error *error) {
  xmlXPathContextPtr context = evaluator->context;
  context->node = node ? node : (xmlNodePtr)evaluator->nothing;
  context->doc = node ? node->doc : evaluator->nothing;
  evaluator->missing[0] = '\0';
  evaluator->refused = NULL;
  evaluator->xpath = (gb_error){0};
  *result = xmlXPathCompiledEval(expression->code, context);
  context->node = (xmlNodePtr)evaluator->nothing;
  context->doc = evaluator->nothing;
  if (*result && evaluator->xpath.status == GB_OK)
    return GB_OK;
  xmlXPathFreeObject(*result);
  *result = NULL;
  if (evaluator->missing[0])
    return fail_unknown_variable(evaluator, expression, where, evaluator->missing + 1, error);
  if (evaluator->refused)
    return gb_fail_at(error, GB_EINPUT, where, "in {%.200s}: %s", expression->text,
                      evaluator->refused);
  if (context->opCount >= context->opLimit)
    return gb_fail_at(error, GB_ELIMIT, where, "in {%.200s}: expressions take too many steps",
                      expression->text);
  if (evaluator->xpath.status == GB_OK)
    return gb_fail_memory(error);
  return gb_fail_at(error, evaluator->xpath.status, where, "in {%.200s}: %s", expression->text,
                    evaluator->xpath.message);
}

void gb_number_print(double number, char *text, size_t size) {
  if (number == floor(number) && fabs(number) < 9007199254740992.0) {
    snprintf(text, size, "%.0f", number == 0 ? 0.0 : number);
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, size, "%.*g", digits, number);
    if (strtod(text, NULL) == number)
      break;
  }
}

// Adds the text of one expression.
static gb_status add_expression(gb_evaluator *evaluator, const gb_expression *expression,
                                const gb_location *where, xmlNodePtr node, gb_text *to,
                                gb_error *error) {
  xmlXPathObjectPtr result;
  GB_TRY(evaluate(evaluator, expression, node, where, &result, error));
  gb_status status = GB_OK;
  switch (result->type) {
  case XPATH_NUMBER: {
    double number = result->floatval;
    char text[64];
    if (isnan(number))
      status = gb_fail_at(error, GB_EINPUT, where, "in {%.200s}: the result is not a number",
                          expression->text);
    else if (isinf(number))
      status =
          gb_fail_at(error, GB_EINPUT, where,
                     "in {%.200s}: the result is infinite (a division by zero?)", expression->text);
    else {
      gb_number_print(number, text, sizeof text);
      gb_text_add(to, text);
    }
    break;
  }
  case XPATH_BOOLEAN:
    gb_text_add(to, result->boolval ? "1" : "0");
    break;
  case XPATH_STRING:
    gb_text_add(to, (const char *)result->stringval);
    break;
  case XPATH_NODESET:
    if (xmlXPathNodeSetIsEmpty(result->nodesetval)) {
      status = gb_fail_at(error, GB_EINPUT, where,
                          "in {%.200s}: nothing is found there (attributes with default values are "
                          "not in the flat document)",
                          expression->text);
    } else {
      xmlChar *text = xmlXPathCastToString(result);
      if (text)
        gb_text_add(to, (const char *)text);
      else
        status = gb_fail_memory(error);
      xmlFree(text);
    }
    break;
  case XPATH_UNDEFINED:
  case XPATH_POINT:
  case XPATH_RANGE:
  case XPATH_LOCATIONSET:
  case XPATH_USERS:
  case XPATH_XSLT_TREE:
  default:
    status = gb_fail_at(error, GB_EINPUT, where, "in {%.200s}: the result is no value",
                        expression->text);
  }
  xmlXPathFreeObject(result);
  return status;
}

gb_status gb_template_fill(gb_evaluator *evaluator, const gb_template *value, xmlNodePtr node,
                           const char **text, gb_error *error) {
  *text = "";
  if (value->constant) {
    *text = value->constant;
    return GB_OK;
  }
  if (value->count == 1 && value->pieces[0].expression && value->pieces[0].expression->variable) {
    const gb_expression *expression = value->pieces[0].expression;
    const gb_variable *variable = gb_variable_find(evaluator, expression->variable);
    if (!variable)
      return fail_unknown_variable(evaluator, expression, &value->where, expression->variable,
                                   error);
    *text = variable->text;
    return GB_OK;
  }
  gb_text built = {0};
  gb_status status = GB_OK;
  for (size_t i = 0; i < value->count && status == GB_OK; i++) {
    const gb_piece *piece = &value->pieces[i];
    const gb_variable *variable = NULL;
    if (piece->literal)
      gb_text_add(&built, piece->literal);
    else if (piece->expression->variable &&
             (variable = gb_variable_find(evaluator, piece->expression->variable)))
      gb_text_add(&built, variable->text);
    else
      status = add_expression(evaluator, piece->expression, &value->where, node, &built, error);
    if (status == GB_OK && built.length > GB_XML_MAX_VALUE)
      status = gb_fail_at(error, GB_ELIMIT, &value->where, "a value has more than %d bytes",
                          GB_XML_MAX_VALUE);
  }
  if (status == GB_OK) {
    *text = built.failed ? NULL : gb_arena_copy(evaluator->arena, gb_text_get(&built));
    if (!*text)
      status = gb_fail_memory(error);
  }
  gb_text_free(&built);
  return status;
}

gb_status gb_template_integer(gb_evaluator *evaluator, const gb_template *value, const char *what,
                              int64_t min, int64_t max, int64_t *number, gb_error *error) {
  const char *text;
  GB_TRY(gb_template_fill(evaluator, value, NULL, &text, error));
  double real;
  if (!gb_parse_real(text, &real) || real != floor(real))
    return gb_fail_at(error, GB_EINPUT, &value->where, "%s=\"%.60s\" is not an integer", what,
                      text);
  if (real < (double)min || real > (double)max)
    return gb_fail_at(error, GB_ELIMIT, &value->where,
                      "%s=\"%.60s\" is out of range: an integer from %lld to %lld", what, text,
                      (long long)min, (long long)max);
  *number = (int64_t)real;
  return GB_OK;
}

gb_status gb_expression_test(gb_evaluator *evaluator, const gb_expression *expression,
                             const gb_location *where, bool *result, gb_error *error) {
  xmlXPathObjectPtr value;
  GB_TRY(evaluate(evaluator, expression, NULL, where, &value, error));
  *result = xmlXPathCastToBoolean(value) != 0;
  xmlXPathFreeObject(value);
  return GB_OK;
}

gb_status gb_expression_number(gb_evaluator *evaluator, const gb_expression *expression,
                               const gb_location *where, double *result, gb_error *error) {
  xmlXPathObjectPtr value;
  GB_TRY(evaluate(evaluator, expression, NULL, where, &value, error));
  *result = xmlXPathCastToNumber(value);
  xmlXPathFreeObject(value);
  return GB_OK;
}

gb_status gb_expression_select(gb_evaluator *evaluator, const gb_expression *expression,
                               const gb_location *where, xmlNodePtr root, xmlXPathObjectPtr *found,
                               gb_error *error) {
  GB_TRY(evaluate(evaluator, expression, root, where, found, error));
  if ((*found)->type == XPATH_NODESET)
    return GB_OK;
  xmlXPathFreeObject(*found);
  *found = NULL;
  return gb_fail_at(error, GB_EINPUT, where, "match=\"%.200s\" finds no elements but a value",
                    expression->text);
}
