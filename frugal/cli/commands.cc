#include "frugal/cli/command.h"

namespace frugal::cli {

std::vector<Command> commands() {
  return {
      {"shrink", "fine-tune a teacher, make smaller students, keep the smallest that is good enough",
       "  frugal shrink --model models/all-MiniLM-L6-v2 --data train.tsv --test test.tsv --target 0.99 --out "
       "out/small\n"
       "  frugal shrink --model models/all-MiniLM-L6-v2 --data train.tsv --out out/small --resume",
       &setup_shrink},
      {"train", "fine-tune a model on labelled text",
       "  frugal train --model models/all-MiniLM-L6-v2 --data train.tsv --out out/teacher\n"
       "  frugal train --model models/all-MiniLM-L6-v2 --data pairs.csv --epochs 3 --lr 2e-4 --out out/pairs",
       &setup_train},
      {"eval", "measure a classifier on labelled text: accuracy with its interval, size, speed",
       "  frugal eval out/banking77 --data test.tsv\n  frugal eval out/banking77 --data test.tsv --json",
       &setup_eval},
      {"classify", "label each line of standard input",
       "  echo 'My card has not arrived' | frugal classify out/banking77\n"
       "  frugal classify out/banking77 --top 3 --json < questions.txt\n"
       "  frugal classify models/bart-large-mnli --labels sports,politics < headlines.txt\n"
       "  frugal classify models/T0_3B --labels positive,negative --prompt 'Is this review positive or "
       "negative? {}' < reviews.txt",
       &setup_classify},
      {"tag", "names and other labelled words in each line of standard input",
       "  echo 'Angela Merkel was born in Hamburg.' | frugal tag models/bert-base-NER\n"
       "  frugal tag models/bert-base-NER --tokens --json < texts.txt",
       &setup_tag},
      {"answer", "the part of a text that answers a question, for each line of standard input",
       "  frugal answer models/distilbert-base-cased-distilled-squad --question 'Who sings?' < texts.txt\n"
       "  printf 'Who sings?\\tA bird sings.\\n' | frugal answer models/roberta-base-squad2 --no-answer",
       &setup_answer},
      {"embed", "a sentence vector for each line of standard input",
       "  echo 'Where is my card?' | frugal embed models/all-MiniLM-L6-v2", &setup_embed},
      {"fill", "the likeliest pieces for [MASK] in each line of standard input",
       "  echo 'Paris is the [MASK] of France.' | frugal fill models/bert-base-uncased --top 5", &setup_fill},
      {"generate", "continue each line of standard input, or answer it with an encoder-decoder model",
       "  frugal generate models/gpt2 --prompt 'Once upon a time' --max-new-tokens 50\n"
       "  frugal generate models/gpt2 --do-sample --top-p 0.9 --seed 7 --stop . < prompts.txt\n"
       "  frugal generate models/t5-small --num-beams 4 --no-repeat-ngram-size 3 --json < texts.txt\n"
       "  echo '[15496, 995]' | frugal generate models/gpt2 --input-ids",
       &setup_generate},
      {"summarize", "a summary of each line of standard input",
       "  frugal summarize models/distilbart-cnn-12-6 < articles.txt\n"
       "  frugal summarize models/t5-small --max-new-tokens 60 --num-beams 4 < articles.txt",
       &setup_summarize},
      {"perplexity", "how surprised a language model is by a text",
       "  frugal perplexity models/gpt2 --stride 512 < book.txt\n"
       "  frugal perplexity models/bert-base-uncased --lines --json < sentences.txt",
       &setup_perplexity},
      {"quantize", "a model's weights as integers: a quarter of the size, and faster",
       "  frugal quantize models/gpt2 --out models/gpt2-int8\n"
       "  frugal quantize out/teacher --precision auto --data dev.tsv --out small",
       &setup_quantize},
      {"convert", "a model folder as one safetensors file under today's names",
       "  frugal convert downloads/old-bert --out models/old-bert", &setup_convert},
      {"tokenize", "token numbers of each line of standard input, or back; or a new vocabulary from them",
       "  echo 'Hello world' | frugal tokenize models/all-MiniLM-L6-v2\n"
       "  echo '[101, 7592, 2088, 102]' | frugal tokenize models/all-MiniLM-L6-v2 --decode\n"
       "  frugal tokenize --train bpe --vocab-size 16000 --out my-tokenizer < corpus.txt",
       &setup_tokenize},
      {"serve", "answer HTTP requests with a model",
       "  frugal serve out/banking77 --port 8080\n"
       "  curl -d '{\"texts\": [\"My card has not arrived\"]}' localhost:8080/classify",
       &setup_serve},
      {"info", "what a model folder or a file of tensors holds",
       "  frugal info models/all-MiniLM-L6-v2\n  frugal info models/all-MiniLM-L6-v2 --program --tokens 128",
       &setup_info},
      {"run", "tensors in, tensors out: compare frugal with a reference",
       "  frugal run MODEL --inputs in.safetensors --outputs out.safetensors --gradients g.safetensors\n"
       "  frugal run MODEL --inputs in.safetensors --outputs out.safetensors --steps 10 --lr 1e-3 --losses "
       "l.safetensors",
       &setup_run},
      {"bench", "what this machine can do, and how much of it frugal reaches",
       "  frugal bench\n  frugal bench --model models/all-MiniLM-L6-v2 --work 1x32,8x128 --precision int8",
       &setup_bench},
  };
}

}  // namespace frugal::cli
